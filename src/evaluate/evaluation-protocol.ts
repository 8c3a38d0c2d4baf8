import type { AugmentationConfig, ModelConfig } from '../world-model/index.js';
import { RIDGE } from './action-r2.js';
import { VOTE_TEMPERATURE } from './knn.js';
import { WHITENING_RIDGE } from './whiten.js';

/** Versions of an image that its predictions are ranked among, and how many of them are predicted. */
export const BANK = 256;
export const ACTIONS = 16;
/** Neighbours that vote. */
export const NEIGHBOURS = 20;
/** Different images below which the spectrum of their latents, and a map fitted to half of them, tell nothing. */
export const FEWEST = 32;

/** What an evaluation was made of. */
interface Facts {
  /** What was read, in words. */
  readonly asked: string;
  readonly bank: string;
  /** Images for the MRR, for that of one jitter, and for all that is read off the latents. */
  readonly ranked: number;
  readonly each: number;
  readonly many: number;
  readonly seed: number;
  readonly augmentation: Pick<AugmentationConfig, 'strength'>;
  readonly model: ModelConfig;
  /** Whether k-NN, and what is read off the latents, are measured. */
  readonly asksNeighbours: boolean;
  readonly readsLatents: boolean;
}

/** Which latents are predicted, where they are not the last block's. */
const latentsOf = ({ encoder, predictor: { targetBlocks = 1 } }: ModelConfig): string =>
  targetBlocks === 1 ? '' : `of ${targetBlocks} of its ${encoder.depth} blocks, `;

/** How everything is measured that is, by what it is about. */
export function evaluationProtocol({
  asked,
  bank,
  ranked,
  each,
  many,
  seed,
  augmentation,
  model,
  asksNeighbours,
  readsLatents,
}: Facts): Readonly<Record<string, string | number>> {
  const neighbours = {
    bank,
    knn: `labelled images only, classes matched by name, else by number; k = ${NEIGHBOURS}, cosine of mean-pooled target-encoder latents, votes weighted exp(cosine / ${VOTE_TEMPERATURE}) as Wu et al. 2018; in brackets the 95 % Wilson interval`,
    whitenedKnn: `as knn, of the latents whitened on the bank: less their mean, of equal variance in every principal direction, to which ${WHITENING_RIDGE} of the mean variance is added`,
  };
  const latents = {
    actionR2: `ridge ${RIDGE} a row on standardised mean-pooled target-encoder latents of two whole views drawn as in training at strength ${augmentation.strength}, fitted on half of ${many} images, R² on the other half; 0 for what never varies; standard error over images to first order`,
    rankMe: `${many} images, mean-pooled target-encoder latents, not centred; standard error by jackknife over 8 parts`,
    featureDeviation: 'of the same latents at unit length, over images, averaged over features, times √width',
  };
  return {
    images: asked,
    order: 'random by the seed; a measure on some images takes the first of this order',
    seed,
    mrr: `${ranked} whole images × ${ACTIONS} actions; bank of ${BANK} distinct versions by colour jitter of strength ${augmentation.strength}, every jitter applied, by the target encoder, ${latentsOf(model)}standardised per token; prediction from the clean image by the encoder, all positions; rank = 1 + closer + equal others; mean per-token cosine (l2: squared L2 over all tokens); standard error over images`,
    byAction: `as mrr, only the named jitter varied, those of the first ${each} images that it can change; jitters of strength 0 left out`,
    ...(asksNeighbours ? neighbours : {}),
    ...(readsLatents ? latents : {}),
  };
}
