import type { ImageSet } from '../data/image-set.js';
import { openImages } from '../data/images.js';
import { place } from '../data/open-source.js';
import { openHeldOut } from '../data/splits.js';
import { UserError } from '../errors.js';
import type { EvaluationImages } from '../evaluate/measure-model.js';
import { purpose, random } from '../random.js';
import type { Config } from '../run/config.js';
import { holdOut } from '../train/held-out.js';
import { openTrainingImages } from './training-images.js';

/** Opened images for an evaluation. */
export interface EvaluationSets extends EvaluationImages {
  close(): Promise<void>;
}

/** One to fit action R² on and one to check it with. */
const FEWEST = 2;

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
