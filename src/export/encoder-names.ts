import { type Flat, type Layout, sineCosine, view } from '../nn/index.js';
import type { Weights } from '../run/safetensors.js';
import type { EncoderConfig } from '../world-model/index.js';

type Tensors = Weights['tensors'];

/**
 * An encoder's weights as timm's VisionTransformer and I-JEPA's own code name them, which are our names; beside them its
 * positions, which these keep as a parameter.
 */
export function timmWeights(
  layout: Layout<unknown>,
  flat: Flat<Float32Array>,
  { image, patch, width }: EncoderConfig,
): Tensors {
  const side = image / patch;
  return new Map([
    [
      'pos_embed',
      { shape: [1, side * side, width], data: sineCosine(side, side, width).data as Float32Array },
    ],
    ...layout.entries.map((entry) => [entry.name, { shape: entry.shape, data: view(flat, entry) }] as const),
  ]);
}

/** What transformers' IJepaModel calls the modules that timm calls so. */
const modules: readonly (readonly [RegExp, string])[] = [
  [/^pos_embed$/, 'embeddings.position_embeddings'],
  [/^patch_embed\.proj\./, 'embeddings.patch_embeddings.projection.'],
  [/^norm\./, 'layernorm.'],
  [/^blocks\.(\d+)\.norm1\./, 'encoder.layer.$1.layernorm_before.'],
  [/^blocks\.(\d+)\.norm2\./, 'encoder.layer.$1.layernorm_after.'],
  [/^blocks\.(\d+)\.attn\.proj\./, 'encoder.layer.$1.attention.output.dense.'],
  [/^blocks\.(\d+)\.mlp\.fc1\./, 'encoder.layer.$1.intermediate.dense.'],
  [/^blocks\.(\d+)\.mlp\.fc2\./, 'encoder.layer.$1.output.dense.'],
];

/** The same weights as transformers' IJepaModel names them: queries, keys and values are apart there. */
export function transformersWeights(timm: Tensors): Tensors {
  return new Map([...timm].flatMap(([name, tensor]) => renamed(name, tensor)));
}

type Named = readonly [string, { readonly shape: readonly number[]; readonly data: Float32Array }];

function renamed(name: string, { shape, data }: Named[1]): Named[] {
  const qkv = /^blocks\.(\d+)\.attn\.qkv\.(weight|bias)$/.exec(name);
  if (qkv !== null) {
    const [rows, ...others] = shape as [number, ...number[]];
    return ['query', 'key', 'value'].map((part, i) => [
      `encoder.layer.${qkv[1]}.attention.attention.${part}.${qkv[2]}`,
      {
        shape: [rows / 3, ...others],
        data: data.subarray((i * data.length) / 3, ((i + 1) * data.length) / 3),
      },
    ]);
  }
  const [from, to] = modules.find(([pattern]) => pattern.test(name)) ?? [];
  if (from === undefined || to === undefined) throw new Error(`no name in transformers for ${name}`);
  return [[name.replace(from, to), { shape, data }]];
}
