import { existsSync, realpathSync } from 'node:fs';
import { type ImageSet, openImages } from '../data/images.js';
import { MissingSplit, type Split } from '../data/splits.js';
import { UserError } from '../errors.js';
import { purpose, random } from '../random.js';
import type { Config } from '../run/config.js';
import { holdOut, openTrainingImages } from './training-images.js';

/** The images that an evaluation uses. */
export interface EvaluationSets {
  /** Those measured on, in random order: files are often sorted by class. */
  readonly asked: ImageSet;
  /** Those that k-NN searches; none of them is asked. */
  readonly bank: ImageSet;
  /** What was read, in words. */
  readonly description: { readonly asked: string; readonly bank: string };
  close(): Promise<void>;
}

/** One to fit action R² on and one to check it with. */
const FEWEST = 2;

/**
 * Images that were not trained on where the sources say which, else what they have.
 * @param open opens a split of them, or what they have
 */
export async function openHeldOut<T>(open: (split: Split | undefined) => Promise<T>): Promise<T> {
  for (const split of ['validation', 'test'] as const) {
    try {
      return await open(split);
    } catch (error) {
      if (!(error instanceof MissingSplit)) throw error;
    }
  }
  return open(undefined);
}

export const place = (source: string): string => (existsSync(source) ? realpathSync(source) : source);

/**
 * Opens the images to measure a run on: the validation split of `data`, or its test split, or all it has. Where that
 * is what the run was trained on, only the images that training held out are asked.
 * @param options.data the run's own source where absent
 * @param options.bank labelled images for k-NN; the run's training data where absent
 * @throws UserError for what cannot be opened, for too few images, and for a bank that is what is asked
 */
export async function openEvaluationSets(
  config: Config,
  { data = config.data, bank: bankSource, seed }: { data?: readonly string[]; bank?: string; seed: number },
): Promise<EvaluationSets> {
  const size = config.image.stored;
  const opened: ImageSet[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(opened.map((set) => set.close()));
  };
  const keep = async (opening: Promise<ImageSet>): Promise<ImageSet> => {
    const set = await opening;
    opened.push(set);
    return set;
  };
  const same = (one: readonly string[], other: readonly string[], a: ImageSet, b: ImageSet): boolean =>
    a.split === b.split && one.map(place).sort().join('\n') === other.map(place).sort().join('\n');
  try {
    const heldOut = await keep(openHeldOut((split) => openImages(data, { size, split })));
    const trained = await keep(openTrainingImages(config));
    const seen = same(data, config.data, heldOut, trained);
    const parts = holdOut(trained, config.seed);
    const asked = seen ? parts.heldOut : heldOut;
    if (asked.length < FEWEST)
      throw new UserError(
        `${asked.source}: ${asked.length} images to measure on${seen ? ' (those that training held out)' : ''}; at least ${FEWEST} are needed, give more with --data`,
      );
    const bank =
      bankSource === undefined
        ? seen
          ? parts.training
          : trained
        : await keep(openImages([bankSource], { size }));
    if (bankSource !== undefined && !seen && same(data, [bankSource], heldOut, bank))
      throw new UserError(`--bank ${bankSource}: these are the images that are asked; give others`, 2);
    const part = (set: ImageSet, whole: ImageSet): string =>
      set === whole ? whole.description : `${set.length} of ${whole.description}`;
    return {
      asked: asked.subset(random(seed, purpose.evaluate).permutation(asked.length)),
      bank,
      description: {
        asked: seen ? `${part(asked, trained)}; held out of training` : heldOut.description,
        bank: bankSource === undefined ? part(bank, trained) : bank.description,
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
