import { UserError } from '../errors.js';
import { bestDevice } from './devices.js';
import type { Engine, EngineOptions } from './engine.js';
import { createNodeEngine } from './onnxruntime-node.js';
import { findPlugin } from './xla/plugins.js';
import { createXla } from './xla/xla-engine.js';

/**
 * The engine that runs programs in Node on the device that is wanted.
 * @throws UserError where there is no plugin for the device or it is but one, and when a program is compiled for one that the machine or
 *   the runtime does not have
 */
export function createEngine(options: EngineOptions = {}): Engine {
  const device = options.device === 'auto' ? bestDevice() : (options.device ?? 'cpu');
  if (device === 'cpu' || device === 'webgpu') {
    if (typeof options.devices === 'number' && options.devices > 1)
      throw new UserError(
        `--devices ${options.devices}: ${device} is one device; several compute together with XLA, such as --device cuda`,
        2,
      );
    return createNodeEngine({ ...options, device });
  }
  return createXla({ ...options, device }, findPlugin(device));
}
