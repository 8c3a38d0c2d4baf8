import { createWebEngine, type WebEngineOptions } from '../engine/onnxruntime-web.js';
import { TrainedModel } from '../model/trained-model.js';
import { modelConfig } from '../run/config.js';
import { readConfig } from '../run/config-file.js';
import { readModels } from '../run/encoder-file.js';
import { readModel } from '../run/model-file.js';
import type { RunSource } from '../run/run-files.js';
import { layouts } from '../world-model/index.js';

/**
 * A trained image world model, ready to use in a page.
 *
 * @example
 * ```ts
 * const model = await WorldModel.load(runAt('/runs/demo'));
 * const latents = await model.encode(pixels);              // pixels: [n, 3, size, size] in 0..1
 * const brighter = await model.predict(latents, { brightness: 0.3 });
 * model.dispose();
 * ```
 */
export class WorldModel extends TrainedModel {
  /**
   * Loads a finished run.
   * @throws UserError where a file of it is missing or damaged
   */
  static async load(run: RunSource, options: WebEngineOptions = {}): Promise<WorldModel> {
    const config = await readConfig(run);
    const weights = await readModel(run, layouts(modelConfig(config)));
    const models = await readModels(run, config);
    return new WorldModel(config, await createWebEngine({ ...options, models }), weights);
  }
}
