import type { Engine, EngineOptions } from './engine.js';
import { oneAtATime } from './one-at-a-time.js';
import { createOnnxRuntime } from './onnxruntime.js';

/** What a page may have beside JavaScript itself, as far as it is asked here. */
interface Page {
  /** Whether threads may share memory: only where the server sends two headers (COOP and COEP). */
  readonly crossOriginIsolated?: boolean;
  readonly navigator?: {
    readonly hardwareConcurrency?: number;
    readonly gpu?: { requestAdapter(): Promise<unknown> };
  };
}

/** What a page chooses of its engine. */
export interface WebEngineOptions extends Pick<EngineOptions, 'threads' | 'models'> {
  /** WebGPU where the browser has it, else WebAssembly, where left out. */
  readonly device?: 'cpu' | 'webgpu' | undefined;
  /** Where the runtime's `.wasm` and `.mjs` files lie, a URL that ends in a slash; beside the page's code where left out. */
  readonly wasm?: string | undefined;
}

/**
 * ONNX Runtime in a browser, on WebGPU or on WebAssembly. Threads need a page that is isolated from other origins;
 * elsewhere there is one. The first engine of a page decides on its threads and files.
 * @throws Error where WebGPU is asked for and the browser has none
 */
export async function createWebEngine({
  device,
  threads,
  wasm,
  models,
}: WebEngineOptions = {}): Promise<Engine> {
  const { crossOriginIsolated = false, navigator = {} } = globalThis as Page;
  const hasGpu = device !== 'cpu' && Boolean(await navigator.gpu?.requestAdapter());
  if (device === 'webgpu' && !hasGpu) throw new Error('this browser has no WebGPU');
  const runtime = hasGpu ? await import('onnxruntime-web/webgpu') : await import('onnxruntime-web/wasm');
  const most = crossOriginIsolated ? (navigator.hardwareConcurrency ?? 1) : 1;
  const count = Math.min(threads ?? most, most);
  runtime.env.wasm.numThreads = count;
  if (wasm !== undefined) runtime.env.wasm.wasmPaths = wasm;
  return createOnnxRuntime(hasGpu ? oneAtATime(runtime) : runtime, {
    threads: count,
    device: hasGpu ? 'webgpu' : 'cpu',
    models,
    fills: false,
  });
}
