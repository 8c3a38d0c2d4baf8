import { createEngine } from '../../engine/create-engine.js';
import type { ComputeOptions } from '../../engine/index.js';
import { readModels } from '../../run/disk/encoder-file.js';
import type { AdaptationResult } from '../result.js';
import { loadModel } from './model-folder.js';
import { TunedModel } from './tuned-model.js';

export type { Classification, Segmentation } from './tuned-model.js';

/**
 * A pretrained model adapted to one or several tasks, ready to use.
 *
 * @example
 * ```ts
 * const model = await AdaptedModel.load('runs/flowers');
 * const { classes, probabilities } = await model.classify(pixels); // pixels: [n, 3, size, size] in 0..1
 * // of several tasks: model.classify(pixels, 'flowers')
 * model.dispose();
 * ```
 */
export class AdaptedModel extends TunedModel {
  private constructor(
    /** What its adaptation came to. */
    readonly result: AdaptationResult,
    ...parts: ConstructorParameters<typeof TunedModel>
  ) {
    super(...parts);
  }

  /** Loads an adapted model. @param folder as `adapt` has made @throws UserError where it holds none */
  static async load(folder: string, { threads, device }: ComputeOptions = {}): Promise<AdaptedModel> {
    const { config, network, weights, result } = loadModel(folder);
    const engine = createEngine({ threads, device, models: readModels(folder, config.pretraining) });
    return new AdaptedModel(result, folder, config, network, weights, engine);
  }
}
