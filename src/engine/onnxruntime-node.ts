import { availableParallelism } from 'node:os';
import * as runtime from 'onnxruntime-node';
import type { Engine, EngineOptions, OnnxDevice } from './engine.js';
import { createOnnxRuntime } from './onnxruntime.js';

// Its official builds tell their maker what is run, with an identity kept on the disk, and leave an empty log in the
// temporary folder at every start. Read when the first program is compiled.
process.env.ORT_DISABLE_TELEMETRY ??= '1';
// What it would write on standard error it also throws, and that is told in a line.
runtime.env.logLevel = 'fatal';

/** ONNX Runtime in Node; all cores by default. @throws UserError as {@link createOnnxRuntime} */
export function createNodeEngine({
  threads = availableParallelism(),
  device = 'cpu',
  ...rest
}: EngineOptions & { readonly device?: OnnxDevice } = {}): Engine {
  return createOnnxRuntime(runtime, { threads, device, fills: true, ...rest });
}
