import type { Weights } from '../run/safetensors.js';

type Tensors = Weights['tensors'];

/** From the names that transformers writes to timm's, which are ours; timm's stay as they are. */
const renamings: readonly (readonly [RegExp, string])[] = [
  [/^(vit|ijepa|dinov2|dinov2_with_registers)\./, ''],
  [/^embeddings\.cls_token$/, 'cls_token'],
  [/^embeddings\.register_tokens$/, 'reg_token'],
  [/^embeddings\.position_embeddings$/, 'pos_embed'],
  [/^embeddings\.patch_embeddings\.projection\./, 'patch_embed.proj.'],
  [/^encoder\.layer\./, 'blocks.'],
  [/^(blocks\.\d+)\.layernorm_before\./, '$1.norm1.'],
  [/^(blocks\.\d+)\.layernorm_after\./, '$1.norm2.'],
  [/^(blocks\.\d+)\.attention\.attention\.(query|key|value)\./, '$1.attn.$2.'],
  [/^(blocks\.\d+)\.attention\.output\.dense\./, '$1.attn.proj.'],
  [/^(blocks\.\d+)\.layer_scale([12])\.lambda1$/, '$1.ls$2.gamma'],
  [/^(blocks\.\d+)\.intermediate\.dense\./, '$1.mlp.fc1.'],
  [/^(blocks\.\d+)\.output\.dense\./, '$1.mlp.fc2.'],
  [/^layernorm\./, 'norm.'],
];

/** What others keep beside an encoder: heads, and tokens that stand for masked patches. */
const BESIDE = /^(head|head_dist|classifier|pooler|mask_token|embeddings\.mask_token)(\.|$)/;

/** Tensors by our names, queries, keys and values in one; and the names of those that are not the encoder's. */
export function renamed(theirs: Tensors): { readonly tensors: Tensors; readonly beside: readonly string[] } {
  const tensors = new Map<string, { readonly shape: readonly number[]; readonly data: Float32Array }>();
  const beside: string[] = [];
  for (const [theirName, tensor] of theirs) {
    const name = renamings.reduce((now, [from, to]) => now.replace(from, to), theirName);
    if (BESIDE.test(name)) beside.push(theirName);
    else tensors.set(name, tensor);
  }
  for (const [name, query] of [...tensors]) {
    if (!/\.attn\.query\.(weight|bias)$/.test(name)) continue;
    const names = ['query', 'key', 'value'].map((part) => name.replace('.query.', `.${part}.`));
    const parts = names.flatMap((part) => tensors.get(part) ?? []);
    if (parts.some(({ data }) => data.length !== query.data.length) || parts.length < 3) continue;
    const data = new Float32Array(3 * query.data.length);
    parts.forEach((part, i) => void data.set(part.data, i * query.data.length));
    const [rows = 0, ...others] = query.shape;
    tensors.set(name.replace('.query.', '.qkv.'), { shape: [3 * rows, ...others], data });
    for (const part of names) tensors.delete(part);
  }
  return { tensors, beside };
}
