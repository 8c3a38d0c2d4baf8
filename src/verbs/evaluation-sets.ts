import type { ImageSet } from '../data/image-set.js';
import { openImages } from '../data/images.js';
import { samePlaces } from '../data/open-source.js';
import { openHeldOut } from '../data/splits.js';
import { type ChosenImages, chooseImages } from '../evaluate/chosen-images.js';
import type { Config } from '../run/config.js';
import { openTrainingImages } from '../run/disk/training-images.js';
import type { KeptImages } from '../run/kept-images.js';

/** Opened images for an evaluation. */
export interface EvaluationSets extends ChosenImages {
  close(): Promise<void>;
}

/**
 * Opens the images to measure a run on: the validation split of `data`, or its test split, or all it has, but none that
 * the run was trained on, wherever and under whatever name it lies now. Where that is the run's own training data, those
 * are asked that training held out, and no others.
 * @param kept which images the run holds out and was trained on
 * @param options.data the run's own source where absent
 * @param options.bank labelled images for k-NN; the run's training data where absent. Those asked are left out of it
 * @throws UserError for what cannot be opened, for too few images, for more of them unreadable than `badSamples` of the
 *   configuration allows, and for a bank that is what is asked
 */
export async function openEvaluationSets(
  config: Config,
  kept: KeptImages,
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
  try {
    const given = await keep(openHeldOut((split) => openImages(data, { size, split })));
    const trained = await keep(openTrainingImages(config));
    const search = bankSource === undefined ? trained : await keep(openImages([bankSource], { size }));
    const own = given.split === trained.split && samePlaces(data, config.data);
    const chosen = await chooseImages(config, kept, { given, trained, search, own }, seed);
    return { ...chosen, close };
  } catch (error) {
    await close();
    throw error;
  }
}
