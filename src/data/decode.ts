import { parentPort } from 'node:worker_threads';
import { WARNING } from '../warning.js';
import { type DecodeTask, Decoding, type Found } from './decoding.js';

/** What a decoding thread is told: what to decode, slots wanted at once or after all those so far, or to end with it. */
export type Wish =
  | { readonly task: DecodeTask }
  | { readonly now: Int32Array }
  | { readonly later: Int32Array }
  | { readonly end: true };

/** What it tells: what comes of the decoding, a warning, that it has ended and waits for the next. */
export type Told = Found | { readonly warning: string } | { readonly ended: true };

const tell = (message: Told): void => parentPort?.postMessage(message);

// Node would print it with the number of the process.
process.removeAllListeners('warning');
process.on('warning', ({ name, message }) => {
  if (name === WARNING) tell({ warning: message });
});

let decoding: Decoding | undefined;
parentPort?.on('message', async (wish: Wish) => {
  if ('task' in wish) decoding = new Decoding(wish.task, tell);
  else if ('now' in wish) decoding?.want(wish.now, 'now');
  else if ('later' in wish) decoding?.want(wish.later, 'later');
  else {
    await decoding?.end();
    decoding = undefined;
    tell({ ended: true });
  }
});
