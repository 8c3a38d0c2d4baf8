import { adaptedWeights, networkOf, parseAdapted } from '../adapt/model/adapted-config.js';
import { TunedModel } from '../adapt/model/tuned-model.js';
import { createWebEngine, type WebEngineOptions } from '../engine/onnxruntime-web.js';
import { UserError } from '../errors.js';
import { parseJson } from '../json.js';
import { readModels } from '../run/encoder-file.js';
import { placeOf, type RunSource, readText } from '../run/run-files.js';
import { decodeSafetensors, type Weights } from '../run/safetensors.js';

/**
 * A pretrained model adapted to one or several tasks, ready to use in a page.
 *
 * @example
 * ```ts
 * const model = await AdaptedModel.load(runAt('/runs/flowers'));
 * const { classes, probabilities } = await model.classify(pixels); // pixels: [n, 3, size, size] in 0..1
 * model.dispose();
 * ```
 */
export class AdaptedModel extends TunedModel {
  /**
   * Loads an adapted model.
   * @throws UserError where a file of it is missing or damaged
   */
  static async load(run: RunSource, options: WebEngineOptions = {}): Promise<AdaptedModel> {
    const config = parseAdapted(
      parseJson((await readText(run, 'config.json')) ?? ''),
      placeOf(run, 'config.json'),
    );
    const network = networkOf(config);
    const file = placeOf(run, 'model.safetensors');
    const bytes = await run.read('model.safetensors');
    if (bytes === undefined)
      throw new UserError(`${run.name}: its adaptation was not finished (${file} is missing)`);
    const weights = adaptedWeights(decodeSafetensors(bytes, file, 'F32') as Weights, network, file);
    const models = await readModels(run, config.pretraining);
    const engine = await createWebEngine({ ...options, models });
    return new AdaptedModel(run.name, config, network, weights, engine);
  }
}
