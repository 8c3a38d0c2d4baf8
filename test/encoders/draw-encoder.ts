import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Entry, type Flat, initialise, isParameterSpec, layout, view } from '../../src/nn/index.js';
import {
  cast,
  concat,
  constant,
  mapTree,
  mean,
  type Spec,
  spec,
  type Tensor,
  toOnnx,
  trace,
} from '../../src/tensor/index.js';
import { type Encoder, type EncoderConfig, encode, encoderSpec } from '../../src/world-model/index.js';

/** A vision transformer with a class token, and its weights. */
export const drawn: EncoderConfig = {
  depth: 1,
  width: 32,
  heads: 2,
  image: 32,
  patch: 8,
  classToken: true,
};
export const drawnLayout = layout(encoderSpec(drawn));
export const drawnWeights: Flat<Float32Array> = initialise(drawnLayout, 3, 0);

const parameters = mapTree(drawnLayout.tree, isParameterSpec, ({ shape }, name) => {
  const entry = drawnLayout.entries.find((each) => each.name === name);
  return constant(view(drawnWeights, entry as Entry), { shape });
}) as Encoder<Tensor>;

/**
 * The encoder as an ONNX file, whose latents have one token before those of the patches: their mean.
 * @param images what it is fed
 * @param make what it gives of them
 */
export const drawOnnx = (
  images: Record<string, Spec> = { pixel_values: spec(['batch', 3, 32, 32]) },
  make: (latents: Tensor) => Record<string, Tensor> = (latents) => ({
    last_hidden_state: concat([mean(latents, [1], true), latents], 1),
  }),
): Uint8Array =>
  toOnnx(
    trace('encoder', images, (inputs) =>
      make(encode(cast(Object.values(inputs)[0] as Tensor, 'float32'), parameters, drawn)),
    ),
    (path) => path,
  );

/** Normalisation of the encoder's images. */
export const drawnNormalisation = { mean: [0.4, 0.45, 0.5], std: [0.25, 0.2, 0.3] } as const;

/** The files beside the model, as transformers.js has them. */
export const drawnFiles = {
  config: { model_type: 'dinov2', patch_size: 8, num_hidden_layers: 1, num_attention_heads: 2 },
  preprocessor: {
    size: { shortest_edge: 36 },
    crop_size: { height: 32, width: 32 },
    image_mean: drawnNormalisation.mean,
    image_std: drawnNormalisation.std,
  },
};

/** Writes a folder in the layout of transformers.js. @returns the SHA-256 of the model */
export function writeLayout(
  folder: string,
  model: Uint8Array = drawOnnx(),
  { config, preprocessor }: { config?: unknown; preprocessor?: unknown } = drawnFiles,
): string {
  mkdirSync(join(folder, 'onnx'), { recursive: true });
  writeFileSync(join(folder, 'onnx', 'model.onnx'), model);
  if (config) writeFileSync(join(folder, 'config.json'), JSON.stringify(config));
  if (preprocessor) writeFileSync(join(folder, 'preprocessor_config.json'), JSON.stringify(preprocessor));
  return createHash('sha256').update(model).digest('hex');
}
