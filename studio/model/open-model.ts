import { proxy, type Remote, wrap } from 'comlink';
import type { ModelWorker } from './model-worker.js';

let started: Remote<ModelWorker> | undefined;

/** The thread that models run in, started when it is first wanted. */
export function modelWorker(): Remote<ModelWorker> {
  started ??= wrap<ModelWorker>(
    new Worker(new URL('./model-worker.ts', import.meta.url), { type: 'module' }),
  );
  return started;
}

/** Where ONNX Runtime's files lie beside the page. */
export const runtime = (): string => new URL('onnxruntime/', document.baseURI).href;

/** A function of the page that the thread may call. */
export const called = proxy;
