import { Worker } from 'node:worker_threads';
import type { Told, Wish } from './decode.js';
import type { DecodeTask } from './decoding.js';

/** Threads that wait for something to decode: to start one takes longer than to decode a hundred images. */
const idle: Worker[] = [];

/** A thread that decodes. */
export function takeThread(task: DecodeTask): Worker {
  const thread = idle.pop() ?? startThread();
  thread.postMessage({ task } satisfies Wish);
  return thread;
}

/** Waits until a thread has done what it has begun, and keeps it for the next: the libraries it calls do not like to be cut off. */
export async function giveBack(thread: Worker): Promise<void> {
  if (thread.threadId < 0) return;
  thread.ref();
  const lives = new Promise<boolean>((resolve) => {
    thread.on('message', (told: Told) => {
      if ('ended' in told) resolve(true);
    });
    thread.on('exit', () => resolve(false));
  });
  thread.postMessage({ end: true } satisfies Wish);
  if (await lives) idle.push(thread);
  for (const event of ['message', 'error', 'exit']) thread.removeAllListeners(event);
  thread.unref();
}

/** Starts decode.ts from the sources, or decode.js where they have been compiled. */
function startThread(): Worker {
  return import.meta.url.endsWith('.js')
    ? new Worker(new URL('./decode.js', import.meta.url))
    : fromSources();
}

/** A thread has to learn by itself to read TypeScript. */
function fromSources(): Worker {
  const tsx = JSON.stringify(import.meta.resolve('tsx/esm/api'));
  const decode = JSON.stringify(import.meta.resolve('./decode.ts'));
  const code = `import(${tsx}).then(({ register }) => { register(); return import(${decode}); });`;
  return new Worker(code, { eval: true });
}
