import { type Flat, initialise, type Layout } from '../../nn/index.js';
import { type Config, modelConfig } from '../../run/config.js';
import { loadModel } from '../../run/disk/model-file.js';
import { layouts } from '../../world-model/index.js';
import { type Network, networkLayouts, type Part, type Parts } from '../network/network.js';
import type { AdaptationSettings } from '../settings.js';

/** Weights to begin with: the pretrained target encoder and predictor, or random ones; heads always random. */
export function initialWeights(
  { run, encoder, predictor, seed }: AdaptationSettings,
  pretraining: Config,
  network: Network,
): Parts<Flat<Float32Array>> {
  const pretrained = loadModel(run, layouts(modelConfig(pretraining)));
  const where = networkLayouts(network);
  const fresh = (part: Part, stream: number): Flat<Float32Array> =>
    initialise(where[part] as Layout<unknown>, seed, stream);
  return {
    encoder: encoder.weights === 'pretrained' ? pretrained.target : fresh('encoder', 0),
    ...(predictor.weights === 'none'
      ? {}
      : { predictor: predictor.weights === 'pretrained' ? pretrained.predictor : fresh('predictor', 1) }),
    heads: fresh('heads', 2),
  };
}
