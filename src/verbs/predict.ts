import { readImages } from '../data/image-files.js';
import type { ComputeOptions } from '../engine/index.js';
import { UserError } from '../errors.js';
import { jitterNames } from '../evaluate/bank.js';
import type { Retrieval } from '../evaluate/retrieval.js';
import { writeAtomically } from '../run/disk/atomic-file.js';
import { signed } from '../words.js';
import type { Action } from '../world-model/index.js';
import { retrievalPicture } from './retrieval-picture.js';
import { WorldModel } from './world-model.js';

export interface PredictOptions extends ComputeOptions {
  /** Relative to the image; the null action where left out. */
  readonly action?: Action;
  /** A jitter that goes from low to high in the place of one action. */
  readonly sweep?: string;
  /** PNG file to write what is retrieved to. */
  readonly out?: string;
}

/** What one action on an image retrieves. */
export interface Predicted {
  readonly action: Action;
  /** Of what the action really gives, among `bank`; 1 is right. */
  readonly rank: number;
  readonly bank: number;
}

/** What a world model says of an image. */
export interface Prediction {
  readonly run: string;
  readonly image: string;
  readonly predictions: readonly Predicted[];
  /** The picture that was written. */
  readonly out?: string;
}

/**
 * Applies an action, or a sweep of one jitter, to an image in latent space, and retrieves what the prediction is nearest
 * to: among what the actions really give and 256 random versions of the image.
 * @throws UserError for a run or an image that cannot be read, an action that is none, or both action and sweep
 */
export async function predictImage(
  run: string,
  image: string,
  { action = {}, sweep, out, threads, device }: PredictOptions = {},
): Promise<Prediction> {
  if (sweep !== undefined && Object.keys(action).length > 0)
    throw new UserError('a sweep takes the place of an action: give one of them', 2);
  const model = await WorldModel.load(run, { threads, device });
  try {
    const pixels = await readImages([image], model);
    const found: (Retrieval & { readonly action: Action })[] =
      sweep === undefined
        ? (await model.retrieve(pixels, [action])).map((cell) => ({ ...cell, action }))
        : await swept(model, pixels, sweep);
    if (out !== undefined) writeAtomically(out, [await retrievalPicture(pixels, found)]);
    return {
      run,
      image,
      predictions: found.map(({ action, rank, bank }) => ({ action, rank, bank })),
      ...(out === undefined ? {} : { out }),
    };
  } finally {
    model.dispose();
  }
}

async function swept(model: WorldModel, pixels: Float32Array, asked: string) {
  const name = jitterNames.find((each) => each === asked);
  if (name === undefined) throw new UserError(`no jitter "${asked}"; there are ${jitterNames.join(', ')}`, 2);
  const { cells } = await model.sweep(pixels, name);
  return cells.map(({ value, ...cell }) => ({ ...cell, action: { [name]: value } }));
}

/** A prediction in words. */
export function describePrediction({ predictions, out }: Prediction): string {
  const lines = predictions.map(({ action, rank, bank }) => {
    const parts = Object.entries(action).map(([name, value]) => `${name} ${signed(Number(value))}`);
    return `${parts.join(', ') || 'no action'}: ${rank === 1 ? 'right, rank 1' : `rank ${rank}`} of ${bank}`;
  });
  return [...lines, ...(out === undefined ? [] : [`picture: ${out}`])].join('\n');
}
