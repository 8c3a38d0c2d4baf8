import { crossEntropy, type ParameterSpec } from '../../nn/index.js';
import { type Spec, spec, type Tensor } from '../../tensor/index.js';
import { type DenseHead, type DenseHeadConfig, denseHeadSpec, denseLoss, tokenLogits } from './dense-head.js';
import {
  classLogits,
  type PooledHead,
  type PooledHeadConfig,
  pooledHeadKinds,
  pooledHeadSpec,
} from './pooled-head.js';

/** Sizes of a task's head: one that names an image's class, or one that says a class of every place. */
export type HeadConfig = PooledHeadConfig | DenseHeadConfig;
export type HeadKind = HeadConfig['kind'];
export const headKinds: readonly HeadKind[] = [...pooledHeadKinds, 'dense'];

/** Parameters of a head of either kind. */
export type Head<T> = PooledHead<T> | DenseHead<T>;

export function headSpec(config: HeadConfig): Head<ParameterSpec> {
  return config.kind === 'dense' ? denseHeadSpec(config) : pooledHeadSpec(config);
}

/** Tokens [B, Q, D] → logits [B, classes], or of a dense head [B, Q, classes]. */
export function headLogits(tokens: Tensor, parameters: Head<Tensor>, config: HeadConfig): Tensor {
  return config.kind === 'dense' ? tokenLogits(tokens, parameters) : classLogits(tokens, parameters, config);
}

/** What a head learns from, of `batch` images: int32 [B] the class of each, or [B, points²] one of each point or −1. */
export function targetSpec(config: HeadConfig, batch: number): Spec {
  return spec(config.kind === 'dense' ? [batch, config.points ** 2] : [batch], 'int32');
}

/** Mean loss of logits, as {@link headLogits} gives them, against targets as {@link targetSpec} says. */
export function headLoss(logits: Tensor, targets: Tensor, config: HeadConfig): Tensor {
  return config.kind === 'dense' ? denseLoss(logits, targets, config) : crossEntropy(logits, targets);
}
