import { createEngine } from '../engine/create-engine.js';
import type { ComputeOptions } from '../engine/index.js';
import { TrainedModel } from '../model/trained-model.js';
import { modelConfig } from '../run/config.js';
import { readModels } from '../run/disk/encoder-file.js';
import { loadModel } from '../run/disk/model-file.js';
import { readConfig } from '../run/disk/run-folder.js';
import { layouts } from '../world-model/index.js';

/**
 * A trained image world model, ready to use.
 *
 * @example
 * ```ts
 * const model = await WorldModel.load('runs/demo');
 * const latents = await model.encode(pixels);              // pixels: [n, 3, size, size] in 0..1
 * const brighter = await model.predict(latents, { brightness: 0.3 });
 * model.dispose();
 * ```
 */
export class WorldModel extends TrainedModel {
  /**
   * Loads a finished run.
   * @param run its folder
   * @throws UserError where the folder holds no finished run
   */
  static async load(run: string, { threads, device }: ComputeOptions = {}): Promise<WorldModel> {
    const config = readConfig(run);
    const weights = loadModel(run, layouts(modelConfig(config)));
    const engine = createEngine({ threads, device, models: readModels(run, config) });
    return new WorldModel(config, engine, weights);
  }
}
