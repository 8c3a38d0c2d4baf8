import { availableParallelism } from 'node:os';
import * as runtime from 'onnxruntime-node';
import type { Engine, EngineOptions } from './engine.js';
import { createOnnxRuntime } from './onnxruntime.js';

/** ONNX Runtime in Node; all cores by default. @throws UserError as {@link createOnnxRuntime} */
export function createNodeEngine({
  threads = availableParallelism(),
  device = 'cpu',
  ...rest
}: EngineOptions = {}): Engine {
  return createOnnxRuntime(runtime, { threads, device, fills: true, ...rest });
}
