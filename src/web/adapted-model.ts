import { adaptedWeights, networkOf, parseAdapted } from '../adapt/model/adapted-config.js';
import { TunedModel } from '../adapt/model/tuned-model.js';
import { createWebEngine, type WebEngineOptions } from '../engine/onnxruntime-web.js';
import { decodeSafetensors, type Weights } from '../run/safetensors.js';
import { readJson } from './run-log.js';
import type { RunSource } from './run-source.js';

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
    const config = parseAdapted(await readJson(run, 'config.json'), `${run.name}/config.json`);
    const network = networkOf(config);
    const file = `${run.name}/model.safetensors`;
    const stored = decodeSafetensors(await run.read('model.safetensors'), file, 'F32') as Weights;
    const weights = adaptedWeights(stored, network, file);
    return new AdaptedModel(run.name, config, network, weights, await createWebEngine(options));
  }
}
