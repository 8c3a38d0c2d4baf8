import {
  type Linear,
  linear,
  linearSpec,
  type Norm,
  norm,
  normSpec,
  type ParameterSpec,
  partialCrossEntropy,
} from '../../nn/index.js';
import { constant, type Dim, matmul, reshape, size, type Tensor } from '../../tensor/index.js';
import { resizeMatrix } from '../../world-model/index.js';

/** Sizes of a head that says a class of every place of an image. */
export interface DenseHeadConfig {
  readonly kind: 'dense';
  readonly classes: number;
  /** Features of a token. */
  readonly width: number;
  /** The tokens are a square grid of so many along a side. */
  readonly side: number;
  /**
   * How far, in tokens, the middle of the first one lies before that of the first of `side` equal parts of the image;
   * 0 where every patch has its token.
   */
  readonly shift: number;
  /** The loss is taken at a square grid of so many points along a side. */
  readonly points: number;
}

/** Parameters of a dense head: a linear classifier that all tokens share. */
export interface DenseHead<T> {
  readonly norm: Norm<T>;
  readonly linear: Linear<T>;
}

export function denseHeadSpec({ classes, width }: DenseHeadConfig): DenseHead<ParameterSpec> {
  return { norm: normSpec(width), linear: linearSpec(width, classes) };
}

/** Logits of every token: [B, Q, D] → [B, Q, classes]. */
export function tokenLogits(tokens: Tensor, parameters: DenseHead<Tensor>): Tensor {
  return linear(norm(tokens, parameters.norm), parameters.linear);
}

/**
 * One axis of the bilinear upsampling of a grid of tokens as a matrix, row-major [length, side]; sampled in the middles
 * of `length` equal parts, constant beyond the outermost tokens.
 */
export function upsamplingMatrix({ side, shift }: DenseHeadConfig, length: number): Float32Array {
  return resizeMatrix(length, side, shift, side);
}

/** Logits of tokens [B, side², classes] at the points of the loss, [B, points², classes]. */
export function pointLogits(logits: Tensor, config: DenseHeadConfig): Tensor {
  const { side, points } = config;
  const axis = upsamplingMatrix(config, points);
  const both = new Float32Array(points ** 2 * side ** 2);
  let at = 0;
  for (let row = 0; row < points; row++)
    for (let column = 0; column < points; column++)
      for (let down = 0; down < side; down++)
        for (let right = 0; right < side; right++)
          both[at++] = (axis[row * side + down] as number) * (axis[column * side + right] as number);
  return matmul(constant(both, { shape: [points ** 2, side ** 2] }), logits);
}

/**
 * Cross-entropy of the upsampled logits, averaged over the points that have a class.
 * @param logits [B, side², classes]
 * @param targets int32 [B, points²]: a class, or −1 where none counts
 */
export function denseLoss(logits: Tensor, targets: Tensor, config: DenseHeadConfig): Tensor {
  const points = (size(logits, 0) as number) * config.points ** 2;
  const rows = reshape(pointLogits(logits, config), [points as Dim, config.classes]);
  return partialCrossEntropy(rows, reshape(targets, [points]));
}
