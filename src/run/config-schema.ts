import { z } from 'zod';
import { conditionings, positionings } from '../world-model/index.js';

const fraction = z.number().min(0).max(1);
const positive = z.number().positive();
const count = z.int().min(1);
const range = z
  .tuple([z.number().min(0), z.number().min(0)])
  .refine(([low, high]) => low <= high, 'low end above high end');

/** How crops are drawn, see `sampleCrop`, and flipped. */
export const cropSchema = z.strictObject({
  scale: range
    .refine(([low, high]) => low > 0 && high <= 1, 'must be above 0 and at most 1')
    .describe("share of the image's area that a crop takes, smallest and largest"),
  ratio: range
    .refine(([low]) => low > 0, 'must be above 0')
    .describe('width / height of a crop, smallest and largest'),
  flip: fraction.describe('probability of a horizontal flip'),
});

/** Everything that determines a run. Sizes that follow from another by default are filled in by `resolve`. */
export const configSchema = z.strictObject({
  preset: z.string().describe('settings that the others are changes of'),
  data: z.array(z.string()).describe('sources of images'),
  from: z
    .strictObject({
      run: z.string().describe('run whose weights are begun with (--from)'),
      sha256: z.string().describe('SHA-256 of its model.safetensors'),
    })
    .optional(),
  limit: count.optional().describe('only this many images, where given'),
  badSamples: fraction.describe(
    'share of the images that may be unreadable: so many are skipped, though always one unless it is 0; one more stops the run',
  ),
  seed: z
    .int()
    .min(0)
    .max(2 ** 32 - 1)
    .describe('of all randomness'),
  steps: count.describe('updates of the weights'),
  batch: count.describe('images in an update'),
  accumulate: count.describe('parts that a batch is computed in, to save memory; divides batch'),
  sharding: z
    .enum(['none', 'state'])
    .describe(
      'what each of many devices has of weights and moments: all of them, or its share, which saves memory',
    ),
  precision: z
    .enum(['float32', 'bfloat16'])
    .describe(
      "what a step's products read and write; all else, weights and moments too, is float32. bfloat16 takes an accelerator",
    ),
  image: z.strictObject({
    stored: count.describe('side of the images as they are kept decoded, pixels'),
    size: count.describe('side of the views that the model sees, pixels'),
    patch: count.describe('side of a patch, pixels; divides size'),
  }),
  normalisation: z.strictObject({
    mean: z
      .tuple([z.number(), z.number(), z.number()])
      .describe('taken from red, green and blue (0 … 1) before the encoder'),
    std: z.tuple([positive, positive, positive]).describe('what they are divided by then'),
  }),
  encoder: z.strictObject({
    depth: count.describe('blocks'),
    width: count.describe('features of a patch; heads, predictor and learning rate follow it'),
    heads: count.describe('attention heads; divides width'),
    hidden: count.describe("features inside a block's MLP"),
    classToken: z.boolean().describe('whether a class token stands before the patches'),
    registers: z.int().min(0).describe('register tokens before the patches'),
    positions: z.enum(positionings).describe('how patches are told their places'),
    layerScale: z.boolean().describe('whether what a block adds is scaled, feature by feature'),
    epsilon: positive.describe('added to variances in layer normalisation'),
    trained: z
      .string()
      .regex(/^(all|none|last:[1-9]\d*)$/, 'give all, none or last:N (of its blocks)')
      .describe('what of it is trained: all, none, or last:N, its last N blocks'),
    source: z
      .strictObject({
        name: z.string().describe('encoder whose weights are begun with (--encoder)'),
        sha256: z.string().describe('SHA-256 of its file'),
      })
      .optional(),
    program: z
      .strictObject({
        output: z.string().describe('its output that holds the latents'),
        sees: z
          .literal('whole image')
          .describe('what the latents of visible patches have seen: a model takes no mask'),
        prefix: z.int().min(0).describe("tokens before the patches'"),
        parameters: z.int().min(0).describe('its weights'),
        multiplyAdds: z.int().min(0).describe('of its products, for one image'),
      })
      .optional()
      .describe('where the encoder is an ONNX model that is run as it is: what was found in it'),
  }),
  predictor: z.strictObject({
    depth: count.describe('blocks'),
    width: count.describe('features of a token'),
    heads: count.describe('attention heads; divides width'),
    conditioning: z
      .enum(conditionings as [string, ...string[]])
      .describe(
        'how it is told the action: by adaptive normalisation (adaln), with each mask token (feature), as tokens (sequence), or not',
      ),
    targetBlocks: count.describe(
      "of how many of the encoder's blocks, evenly spaced and the last among them, it predicts the latents; 4, or as many as there are, where nothing else is said",
    ),
  }),
  masks: z.strictObject({
    visible: count.describe('patches of the source that the encoder sees'),
    predicted: count.describe('patches of the target that are predicted and not seen'),
    predictedVisible: fraction.describe('share of those that are seen that is predicted too'),
  }),
  augmentation: z.strictObject({
    strength: z.number().min(0).describe('factor of all jitters'),
    jitter: z.strictObject({
      probability: fraction.describe('that a view is jittered'),
      brightness: z.number().min(0).describe('largest change of the factor'),
      contrast: z.number().min(0).describe('largest change of the factor'),
      saturation: z.number().min(0).describe('largest change of the factor'),
      hue: z.number().min(0).max(0.5).describe('largest turn, in circles'),
    }),
    grayscale: fraction.describe('probability, source only'),
    blur: z.strictObject({
      probability: fraction.describe('source only'),
      sigma: range.describe('smallest and largest, pixels'),
    }),
    solarize: fraction.describe('probability, source only'),
    crop: cropSchema,
  }),
  optimiser: z.strictObject({
    learningRate: positive.describe('at its peak'),
    warmup: fraction.describe('share of the steps in which the learning rate rises'),
    final: fraction.describe('learning rate at the end, as a share of its peak'),
    betas: z
      .tuple([z.number().min(0).lt(1), z.number().min(0).lt(1)])
      .describe("share of AdamW's mean and variance kept at a step"),
    weightDecay: z
      .tuple([z.number().min(0), z.number().min(0)])
      .describe('first and last, half a cosine between'),
    clip: positive.describe('largest norm of the gradient'),
  }),
  ema: z
    .tuple([fraction, fraction])
    .describe('share of the target encoder kept at a step: first and last, linear between'),
  log: z.strictObject({ every: count.describe('steps from one logged line to the next') }),
  health: z.strictObject({
    every: count
      .optional()
      .describe('steps from one health check to the next; where absent, by what it costs'),
    images: count
      .optional()
      .describe('held-out images whose versions are ranked; where absent, by what it costs'),
  }),
  checkpoint: z.strictObject({
    every: count.describe('steps from one checkpoint to the next'),
    keep: count.describe('checkpoints that are kept'),
  }),
});

/** A whole, valid configuration. */
export type Config = z.infer<typeof configSchema>;
