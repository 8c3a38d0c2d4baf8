import { type Config, modelConfig } from '../run/config.js';
import { applyAction, nullAction, tokenCount, transformations } from '../world-model/index.js';
import type { Document } from './config-files.js';
import type { EncoderParts } from './encoder-parts.js';

/**
 * `predictor.json`: what `predictor.onnx` is fed and gives, and what the numbers of an action mean, in their order.
 * @param encoder the graph whose latents it reads, and the one that its predictions come near
 */
export function actionVocabulary(
  config: Config,
  { read, target }: Pick<EncoderParts, 'read' | 'target'>,
): Document {
  const { width, program } = config.encoder;
  const patches = tokenCount(modelConfig(config).encoder);
  const latents = ['batch', patches, width];
  return {
    encoder: read,
    // Where its latents are: those of the patches are the last tokens of an output.
    latents: { output: program?.output ?? 'last_hidden_state', prefix: program?.prefix ?? 0 },
    target,
    inputs: {
      latents: {
        type: 'float32',
        shape: latents,
        meaning: "the encoder's latents of the whole source image, without the prefix of other tokens",
      },
      action: { type: 'float32', shape: ['batch', transformations.length], meaning: 'see action' },
      positions: {
        type: 'int32',
        shape: ['batch', patches],
        meaning: 'patches to predict, row by row from 0; they see each other: ask all of them',
      },
    },
    outputs: {
      predicted: {
        type: 'float32',
        shape: latents,
        meaning:
          'what target gives of the target image, each patch standardised: (x − mean) / √(variance + 1e-6)',
      },
    },
    action: transformations.map(({ name, kind, identity, range, action }) => {
      const [low, high] = range(config.augmentation);
      const about = { name, kind, identity, parameters: [low, high] };
      // A jitter's number is a difference in units; that of a destructive one a flag.
      return kind === 'jitter'
        ? {
            ...about,
            number: '(parameter of the target − parameter of the source) / unit',
            unit: 1 / action(identity, identity + 1),
            trained: [action(high, low), action(low, high)].map((number) => Number(number.toFixed(6))),
          }
        : { ...about, number: '1 where the source went through it, else 0', trained: [0, 1] };
    }),
    null: [...applyAction(nullAction).conditioning],
  };
}
