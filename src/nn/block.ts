import {
  add,
  type Dim,
  fold,
  gelu,
  layerNorm,
  matmul,
  mul,
  reshape,
  scope,
  size,
  standardise,
  type Tensor,
  unfold,
} from '../tensor/index.js';
import { type Attention, attention } from './attention.js';
import { type Linear, linear, linearSpec } from './linear.js';
import type { ParameterSpec } from './parameters.js';

/** Scale and bias of a layer normalisation, each [D]. */
export interface Norm<T> {
  readonly weight: T;
  readonly bias: T;
}

/** Factors of a branch's features before it is added (LayerScale), [D]. */
export interface LayerScale<T> {
  readonly gamma: T;
}

/** A pre-norm transformer block, with or without LayerScale; names as in timm. */
export interface Block<T> {
  readonly norm1: Norm<T>;
  readonly attn: Attention<T>;
  readonly ls1?: LayerScale<T>;
  readonly norm2: Norm<T>;
  readonly mlp: { readonly fc1: Linear<T>; readonly fc2: Linear<T> };
  readonly ls2?: LayerScale<T>;
}

/** What blocks of one width may differ in. */
export interface BlockSizes {
  /** Features inside the MLP; four times the width where absent. */
  readonly hidden?: number;
  readonly layerScale?: boolean;
}

/** Where LayerScale starts: near 0, as in DINOv2. */
const LAYER_SCALE = 1e-5;

export function normSpec(width: number): Norm<ParameterSpec> {
  return {
    weight: { shape: [width], initialise: { value: 1 } },
    bias: { shape: [width], initialise: { value: 0 } },
  };
}

/** Residual outputs start at half of Xavier's size, so that a deep stack starts near the identity. */
export function blockSpec(
  width: number,
  { hidden = 4 * width, layerScale = false }: BlockSizes = {},
): Block<ParameterSpec> {
  const scale = { gamma: { shape: [width], initialise: { value: LAYER_SCALE } } };
  return {
    norm1: normSpec(width),
    attn: { qkv: linearSpec(width, 3 * width), proj: linearSpec(width, width, 0.5) },
    ...(layerScale ? { ls1: scale } : {}),
    norm2: normSpec(width),
    mlp: { fc1: linearSpec(width, hidden), fc2: linearSpec(hidden, width, 0.5) },
    ...(layerScale ? { ls2: scale } : {}),
  };
}

/** Blocks 0 … depth−1, keyed by number as on disk. */
export function blocksSpec(
  depth: number,
  width: number,
  sizes?: BlockSizes,
): Readonly<Record<string, Block<ParameterSpec>>> {
  return Object.fromEntries(Array.from({ length: depth }, (_, i) => [String(i), blockSpec(width, sizes)]));
}

export function norm(x: Tensor, { weight, bias }: Norm<Tensor>, epsilon?: number): Tensor {
  return layerNorm(x, weight, bias, epsilon);
}

/**
 * The map that gives on standardised x what `map` gives on norm(x): scale and bias move into weight and bias, which
 * are small, and the backward pass over the tokens shrinks by half.
 */
export function absorb({ weight, bias }: Norm<Tensor>, map: Linear<Tensor>): Linear<Tensor> {
  const shift = matmul(map.weight, reshape(bias, [size(bias, 0), 1]));
  return { weight: mul(map.weight, weight), bias: add(map.bias, reshape(shift, map.bias.shape)) };
}

/** The map whose results are scaled: factors move into weight and bias, which are smaller than the tokens. */
function scaled(map: Linear<Tensor>, scale: LayerScale<Tensor> | undefined): Linear<Tensor> {
  if (scale === undefined) return map;
  const { gamma } = scale;
  return { weight: mul(map.weight, reshape(gamma, [size(gamma, 0), 1])), bias: mul(map.bias, gamma) };
}

/** What changes the normalised tokens that a branch reads, x · (1 + scale) + shift, and what it adds, · (1 + gate); each [B, 1, D]. */
export interface BranchModulation {
  readonly shift: Tensor;
  readonly scale: Tensor;
  readonly gate: Tensor;
}

/** Adaptive layer normalisation of a block (Peebles & Xie 2023). */
export interface Modulation {
  readonly attn: BranchModulation;
  readonly mlp: BranchModulation;
}

/** Chooses the tokens that are wanted of [B, N, D]: [B, Q, D]. */
export type Select = (tokens: Tensor) => Tensor;

/** What a block does beside the ordinary. */
export interface BlockForm {
  /** Only these tokens are computed: the same numbers as selecting them afterwards. */
  readonly select?: Select | undefined;
  /** Standardised rows that are attended to beside the block's own tokens, and not computed, [B·M, D]. */
  readonly others?: Tensor | undefined;
  /** Added to variances in layer normalisation. */
  readonly epsilon?: number | undefined;
  /** What all tokens are modulated by, the others too. */
  readonly modulation?: Modulation | undefined;
}

/** A block whose weights hold what all images' tokens are modulated by alike, [1, 1, D]: nothing is left to do on the tokens. */
function modulatedBlock(own: Block<Tensor>, { attn, mlp }: Modulation): Block<Tensor> {
  const norm = ({ weight, bias }: Norm<Tensor>, { shift, scale }: BranchModulation): Norm<Tensor> => ({
    weight: mul(weight, reshape(add(scale, 1), weight.shape)),
    bias: add(bias, mul(weight, reshape(shift, weight.shape))),
  });
  const gated = (map: Linear<Tensor>, { gate }: BranchModulation): Linear<Tensor> =>
    scaled(map, { gamma: reshape(add(gate, 1), map.bias.shape) });
  return {
    ...own,
    norm1: norm(own.norm1, attn),
    attn: { ...own.attn, proj: gated(own.attn.proj, attn) },
    norm2: norm(own.norm2, mlp),
    mlp: { ...own.mlp, fc2: gated(own.mlp.fc2, mlp) },
  };
}

/** Rows of `batch` images, [B·N, D], each image's shifted and scaled by its own. */
function modulate(rows: Tensor, by: BranchModulation | undefined, batch: Dim): Tensor {
  if (by === undefined) return rows;
  return fold(add(mul(unfold(rows, batch), add(by.scale, 1)), by.shift));
}

function gate(rows: Tensor, by: BranchModulation | undefined, batch: Dim): Tensor {
  if (by === undefined) return rows;
  return fold(mul(unfold(rows, batch), add(by.gate, 1)));
}

/**
 * A pre-norm block: x + attention(norm(x)), then x + mlp(norm(x)), what is added scaled where there is LayerScale.
 * [B, N, D] → [B, N, D], or [B, Q, D] if selected.
 */
export function block(
  x: Tensor,
  parameters: Block<Tensor>,
  heads: number,
  { modulation, ...form }: BlockForm = {},
): Tensor {
  if (modulation?.attn.shift.shape[0] === 1)
    return block(x, modulatedBlock(parameters, modulation), heads, form);
  const { select, others, epsilon } = form;
  const [batch] = x.shape as [Dim];
  // Inside, the tokens of all images are rows of one matrix: no reshaping around every product.
  const choose = (rows: Tensor): Tensor => (select === undefined ? rows : fold(select(unfold(rows, batch))));
  const attended = scope('attn', () => {
    const qkv = absorb(parameters.norm1, parameters.attn.qkv);
    const rows = fold(x);
    const modulated = (normal: Tensor): Tensor => modulate(normal, modulation?.attn, batch);
    const normal = modulated(standardise(rows, epsilon));
    const seen = others === undefined ? [normal] : [modulated(others), normal];
    const proj = scaled(parameters.attn.proj, parameters.ls1);
    const answer = attention(choose(normal), seen, { qkv, proj }, heads, batch);
    return add(choose(rows), gate(answer, modulation?.attn, batch));
  });
  return scope('mlp', () => {
    const normal = modulate(standardise(attended, epsilon), modulation?.mlp, batch);
    const hidden = gelu(linear(normal, absorb(parameters.norm2, parameters.mlp.fc1)));
    const answer = linear(hidden, scaled(parameters.mlp.fc2, parameters.ls2));
    return unfold(add(attended, gate(answer, modulation?.mlp, batch)), batch);
  });
}

/** What a stack of blocks does beside the ordinary. */
interface StackForm extends Omit<BlockForm, 'modulation'> {
  /** The tokens that the last block computes. */
  readonly select?: Select | undefined;
  /** Of each block. */
  readonly modulations?: readonly Modulation[] | undefined;
}

/** What each of a stack of blocks gives, in order of their numbers. */
export function blockOutputs(
  x: Tensor,
  stack: Readonly<Record<string, Block<Tensor>>>,
  heads: number,
  { select, modulations, ...form }: StackForm = {},
): Tensor[] {
  const entries = Object.entries(stack);
  let tokens = x;
  return entries.map(([number, parameters], i) => {
    tokens = scope(`blocks.${number}`, () =>
      block(tokens, parameters, heads, {
        ...form,
        select: i === entries.length - 1 ? select : undefined,
        modulation: modulations?.[i],
      }),
    );
    return tokens;
  });
}

/** What the last of a stack of blocks gives. */
export function blocks(
  x: Tensor,
  stack: Readonly<Record<string, Block<Tensor>>>,
  heads: number,
  form?: StackForm,
): Tensor {
  return blockOutputs(x, stack, heads, form).at(-1) ?? x;
}
