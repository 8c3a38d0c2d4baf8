import type { ImageSet } from '../data/image-set.js';
import { everyIndex, type OnBad, readDigests } from '../data/known-images.js';
import { UserError } from '../errors.js';
import { purpose, random } from '../random.js';
import { askHeldOut, askUnseen } from '../run/asked-images.js';
import { BadSamples } from '../run/bad-samples.js';
import type { Config } from '../run/config.js';
import type { KeptImages } from '../run/kept-images.js';
import type { EvaluationImages } from './measure-model.js';

/** What an evaluation chooses its images from. */
export interface GivenImages {
  /** To measure on. */
  readonly given: ImageSet;
  /** What the run was trained on. */
  readonly trained: ImageSet;
  /** For k-NN to search. */
  readonly search: ImageSet;
  /** Whether `given` is the training data too. */
  readonly own: boolean;
}

/** The images of an evaluation. */
export interface ChosenImages extends EvaluationImages {
  /** Which images cannot be read and are skipped, in a line; undefined where all can. */
  readonly skipped: string | undefined;
}

/** A single image has no standard error. */
const FEWEST = 2;

/** Without labels no measure takes more images than these. */
const ENOUGH_UNLABELLED = 4096;

/**
 * Chooses the images to measure a run on: none that it was trained on, wherever and under whatever name it lies now. Of
 * its own training data those are asked that training held out, and no others; those asked are left out of k-NN's bank.
 * @param kept which images the run holds out and was trained on
 * @throws UserError for too few images, for more of them unreadable than `badSamples` of the configuration allows, and
 *   for a bank that is what is asked
 */
export async function chooseImages(
  config: Config,
  kept: KeptImages,
  { given, trained, search, own }: GivenImages,
  seed: number,
): Promise<ChosenImages> {
  const images = given.length + (own ? 0 : trained.length) + (search === trained ? 0 : search.length);
  const bad = await BadSamples.open({ images, share: config.badSamples });
  const onBad = bad.add.bind(bad);
  // Of a limited choice others may be chosen now that there are more images.
  const whole = own && config.limit === undefined ? trained : given;
  const { places, words } = await (own
    ? askHeldOut(whole, kept, onBad)
    : askUnseen(whole, candidates(whole, seed), kept, onBad));
  const asked = whole.subset(places);
  const description = [part(asked, whole), ...words].join('; ');
  if (asked.length < FEWEST)
    throw new UserError(
      `${description}: too few images to measure on (${asked.length}); at least ${FEWEST} are needed, give more with --data`,
    );
  const bank = asked.labels && search.labels ? await without(search, asked, onBad) : search;
  return {
    asked: asked.subset(random(seed, purpose.evaluate).permutation(asked.length)),
    bank,
    description: { asked: description, bank: part(bank, search) },
    skipped: bad.describe(),
  };
}

const part = (set: ImageSet, whole: ImageSet): string =>
  `${set.length === whole.length ? '' : `${set.length} of `}${whole.description}`;

/** Where to look for images that were not trained on: everywhere, or where it is enough, in some places. */
function candidates(images: ImageSet, seed: number): Int32Array {
  if (images.labels !== undefined || images.length <= ENOUGH_UNLABELLED) return everyIndex(images);
  return random(seed, purpose.evaluate).permutation(images.length).slice(0, ENOUGH_UNLABELLED);
}

/** The images of a bank that can be read and are none of those asked, wherever they lie. */
async function without(bank: ImageSet, asked: ImageSet, onBad: OnBad): Promise<ImageSet> {
  const known = new Set((await readDigests(asked, everyIndex(asked), onBad)).values());
  const digests = await readDigests(bank, everyIndex(bank), onBad);
  const others = [...digests].flatMap(([index, digest]) => (known.has(digest) ? [] : [index]));
  if (others.length === 0)
    throw new UserError(
      `${bank.source}: all its images are asked, so none is left to search; give others with --bank`,
      2,
    );
  return bank.subset(Int32Array.from(others));
}
