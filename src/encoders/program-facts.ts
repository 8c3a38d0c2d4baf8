import { z } from 'zod';
import type { OnnxHeader } from '../tensor/index.js';

const triple = z.tuple([z.number(), z.number(), z.number()]);
const side = z.int().min(1);

/** Of config.json, what is read: of a model for images and text, its part for images. */
const sizes = z.object({
  hidden_size: side.optional(),
  patch_size: side.optional(),
  image_size: side.optional(),
  num_hidden_layers: side.optional(),
  num_attention_heads: side.optional(),
});
export const modelSchema = z.union([
  z.object({ vision_config: sizes }).transform(({ vision_config }) => vision_config),
  sizes,
]);

const extent = z.union([
  side.transform((each) => ({ height: each, width: each })),
  z.object({ height: side, width: side }),
  z.object({ shortest_edge: side }).transform(({ shortest_edge: each }) => ({ height: each, width: each })),
]);

/** Of preprocessor_config.json, what is read. */
export const preprocessorSchema = z.object({
  size: extent.optional(),
  do_center_crop: z.boolean().default(true),
  crop_size: extent.optional(),
  do_rescale: z.boolean().default(true),
  rescale_factor: z
    .number()
    .positive()
    .default(1 / 255),
  do_normalize: z.boolean().default(true),
  image_mean: triple.optional(),
  image_std: triple.optional(),
});

/** What an encoder's files say of it. */
export type Model = z.output<typeof modelSchema>;
export type Preprocessor = z.output<typeof preprocessorSchema>;

/** The square that a model is given, in pixels, and that which images are brought to before; undefined where neither is said. */
export function imageSizes(
  preprocessor: Preprocessor,
  model: Model,
): { size: number; stored: number } | undefined {
  const { size, crop_size, do_center_crop } = preprocessor;
  const given = (do_center_crop ? crop_size : undefined) ?? size;
  const found = given?.height ?? model.image_size;
  if (found === undefined) return undefined;
  return { size: found, stored: Math.max(found, size?.height ?? found) };
}

/** How channels in 0 … 1 are normalised: theirs may be in 0 … 255, or scaled otherwise. */
export function normalisationOf(preprocessor: Preprocessor): { mean: number[]; std: number[] } {
  const { do_rescale, rescale_factor, do_normalize, image_mean, image_std } = preprocessor;
  const factor = do_rescale ? 255 * rescale_factor : 255;
  const [mean, std] = do_normalize
    ? [image_mean ?? [0, 0, 0], image_std ?? [1, 1, 1]]
    : [
        [0, 0, 0],
        [1, 1, 1],
      ];
  // 255 · 1/255 is a little off 1 in the files' digits.
  const scale = Math.abs(factor - 1) < 1e-6 ? 1 : factor;
  return { mean: mean.map((each) => each / scale), std: std.map((each) => each / scale) };
}

const elements = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/**
 * What a model takes for one image, counted from the sizes of its weights: every matrix once a token, and attention's
 * products, of which a softmax stands for one.
 */
export function countModel(
  { weights, operators }: OnnxHeader,
  { tokens, width }: { readonly tokens: number; readonly width: number },
): { parameters: number; multiplyAdds: number } {
  const matrices = weights.filter((shape) => shape.filter((size) => size > 1).length > 1);
  const attentions = operators.filter((type) => /Softmax|Attention/.test(type)).length;
  const count = (shapes: readonly (readonly number[])[]): number =>
    shapes.reduce((sum, shape) => sum + elements(shape), 0);
  return {
    parameters: count(weights),
    multiplyAdds: tokens * count(matrices) + attentions * 2 * tokens ** 2 * width,
  };
}
