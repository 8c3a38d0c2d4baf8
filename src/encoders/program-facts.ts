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

/** Side of the square that a model is given, in pixels; undefined where neither says it. */
export function imageSide(
  { size, crop_size, do_center_crop }: Preprocessor,
  model: Model,
): number | undefined {
  const given = (do_center_crop ? crop_size : undefined) ?? size;
  return given?.height ?? model.image_size;
}

type Triple = [number, number, number];

/** How channels in 0 … 1 are normalised: theirs may be in 0 … 255, or scaled otherwise. */
export function normalisationOf(preprocessor: Preprocessor): { mean: Triple; std: Triple } {
  const { do_rescale, rescale_factor, do_normalize, image_mean, image_std } = preprocessor;
  const { mean, std } = do_normalize ? { mean: image_mean, std: image_std } : {};
  // 255 · 1/255 is a little off 1 in the files' digits.
  const scale = do_rescale ? Math.fround(255 * rescale_factor) : 255;
  const scaled = ([red, green, blue]: Triple): Triple => [red / scale, green / scale, blue / scale];
  return { mean: scaled(mean ?? [0, 0, 0]), std: scaled(std ?? [1, 1, 1]) };
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
