import type { Engine, EngineOptions } from './engine.js';
import { createNodeEngine } from './onnxruntime-node.js';

/**
 * The engine that runs programs in Node on the device that is wanted.
 * @throws UserError when a program is compiled for a device that the machine or the runtime does not have
 */
export function createEngine(options: EngineOptions = {}): Engine {
  return createNodeEngine(options);
}
