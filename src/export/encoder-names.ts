import { UserError } from '../errors.js';
import { type Flat, type Layout, sineCosine, view } from '../nn/index.js';
import type { Weights } from '../run/safetensors.js';
import type { EncoderConfig } from '../world-model/index.js';

type Tensors = Weights['tensors'];

/**
 * An encoder's weights as timm's VisionTransformer and I-JEPA's own code name them, which are our names; beside them its
 * positions, which these keep as a parameter also where we compute them.
 */
export function timmWeights(
  layout: Layout<unknown>,
  flat: Flat<Float32Array>,
  { image, patch, width }: EncoderConfig,
): Tensors {
  const side = image / patch;
  const computed = {
    shape: [1, side * side, width],
    data: sineCosine(side, side, width).data as Float32Array,
  };
  return new Map([
    ['pos_embed', computed],
    ...layout.entries.map((entry) => [entry.name, { shape: entry.shape, data: view(flat, entry) }] as const),
  ]);
}

/** Models of transformers that our encoder can be one of. */
export type Kind = 'ijepa' | 'vit' | 'dinov2' | 'dinov2_with_registers';

/** The model of transformers that has what an encoder has. @throws UserError where there is none */
export function kindOf({ classToken = false, registers = 0, layerScale = false }: EncoderConfig): Kind {
  if (!classToken && (registers > 0 || layerScale))
    throw new UserError('no model of transformers has registers or LayerScale without a class token');
  if (registers > 0) return 'dinov2_with_registers';
  if (layerScale) return 'dinov2';
  return classToken ? 'vit' : 'ijepa';
}

type Renamings = readonly (readonly [RegExp, string])[];

/** What transformers' models call the modules that timm calls so. */
const everywhere: Renamings = [
  [/^cls_token$/, 'embeddings.cls_token'],
  [/^reg_token$/, 'embeddings.register_tokens'],
  [/^pos_embed$/, 'embeddings.position_embeddings'],
  [/^patch_embed\.proj\./, 'embeddings.patch_embeddings.projection.'],
  [/^norm\./, 'layernorm.'],
  [/^blocks\.(\d+)\.attn\.(query|key|value)\./, 'encoder.layer.$1.attention.attention.$2.'],
  [/^blocks\.(\d+)\.attn\.proj\./, 'encoder.layer.$1.attention.output.dense.'],
];
const inViT: Renamings = [
  [/^blocks\.(\d+)\.norm1\./, 'encoder.layer.$1.layernorm_before.'],
  [/^blocks\.(\d+)\.norm2\./, 'encoder.layer.$1.layernorm_after.'],
  [/^blocks\.(\d+)\.mlp\.fc1\./, 'encoder.layer.$1.intermediate.dense.'],
  [/^blocks\.(\d+)\.mlp\.fc2\./, 'encoder.layer.$1.output.dense.'],
];
const inDinov2: Renamings = [
  [/^blocks\.(\d+)\.ls([12])\.gamma$/, 'encoder.layer.$1.layer_scale$2.lambda1'],
  [/^blocks\.(\d+)\./, 'encoder.layer.$1.'],
];

/** The same weights as transformers' models name them: queries, keys and values are apart there. */
export function transformersWeights(timm: Tensors, encoder: EncoderConfig): Tensors {
  const kind = kindOf(encoder);
  const renamings = [...everywhere, ...(kind.startsWith('dinov2') ? inDinov2 : inViT)];
  const whole = new Map([...timm, ...added(timm, kind, encoder)]);
  return new Map(
    [...whole].flatMap(apart).map(([name, tensor]) => {
      const [from, to] = renamings.find(([pattern]) => pattern.test(name)) ?? [];
      if (from === undefined || to === undefined) throw new Error(`no name in transformers for ${name}`);
      return [name.replace(from, to), tensor];
    }),
  );
}

type Named = readonly [string, { readonly shape: readonly number[]; readonly data: Float32Array }];

/** What these models have beside: a class token's position, which ours has in itself, and LayerScale, which changes nothing. */
function added(timm: Tensors, kind: Kind, { depth, width, layerScale }: EncoderConfig): Named[] {
  const named: Named[] = [];
  const { shape: [, count = 0] = [], data = new Float32Array() } = timm.get('pos_embed') ?? {};
  if (kind !== 'ijepa') {
    const positions = new Float32Array(width + data.length);
    positions.set(data, width);
    named.push(['pos_embed', { shape: [1, 1 + count, width], data: positions }]);
  }
  if (kind === 'dinov2_with_registers' && !layerScale)
    for (let block = 0; block < depth; block++)
      for (const branch of ['ls1', 'ls2'])
        named.push([
          `blocks.${block}.${branch}.gamma`,
          { shape: [width], data: new Float32Array(width).fill(1) },
        ]);
  return named;
}

/** Queries, keys and values by themselves; any other tensor as it is. */
function apart([name, { shape, data }]: Named): Named[] {
  if (!/\.attn\.qkv\.(weight|bias)$/.test(name)) return [[name, { shape, data }]];
  const [rows, ...others] = shape as [number, ...number[]];
  return ['query', 'key', 'value'].map((part, i) => [
    name.replace('.qkv.', `.${part}.`),
    {
      shape: [rows / 3, ...others],
      data: data.subarray((i * data.length) / 3, ((i + 1) * data.length) / 3),
    },
  ]);
}
