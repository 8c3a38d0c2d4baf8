import { type ImageSet, openImages } from '../data/images.js';
import { type ComputeOptions, createEngine, type Engine } from '../engine/index.js';
import { UserError } from '../errors.js';
import { openHeldOut, place } from '../evaluate/evaluation-sets.js';
import { purpose, random } from '../random.js';
import type { Log } from '../train/pretrain.js';
import { chooseLabelled } from './labelled.js';

/** Images with the class of each. */
export interface LabelledImages {
  readonly images: ImageSet;
  readonly labels: Int32Array;
  readonly classes: readonly string[];
  /** What was read, in words. */
  readonly description: string;
}

/** The images that a task is learned from and measured on. */
export interface TaskImages {
  readonly training: LabelledImages;
  readonly heldOut: LabelledImages;
  close(): Promise<void>;
}

/** The share of a source without splits that is held out. */
const HELD_OUT = 0.1;

/** @throws UserError where images have no labels */
function labelled(images: ImageSet, description: string): LabelledImages {
  const { labels, classes, source } = images;
  if (labels === undefined || classes === undefined)
    throw new UserError(
      `${source}: no labels there; classification needs a class for every image (one sub-folder per class, or a Parquet column of labels)`,
    );
  if (classes.length < 2) throw new UserError(`${source}: there is only one class, "${classes[0] ?? ''}"`);
  return { images, labels, classes, description };
}

/** Where a source has no split of its own to measure on: the same images of it are held out, whatever the seed. */
function holdOut(images: ImageSet): { training: ImageSet; heldOut: ImageSet } {
  const order = random(0, purpose.evaluate).permutation(images.length);
  const held = Math.ceil(images.length * HELD_OUT);
  return {
    heldOut: images.subset(order.slice(0, held).sort()),
    training: images.subset(order.slice(held).sort()),
  };
}

/**
 * Opens a task's images: its training split to learn from, its validation or else test split to measure on; of a
 * source without these a tenth is held out.
 * @param options.size side of the stored images, pixels
 * @param options.limit and fraction: labelled images to use, see {@link chooseLabelled}
 * @throws UserError for what cannot be opened, has no labels, or differs in its classes
 */
export async function openTaskImages(
  data: readonly string[],
  {
    size,
    seed,
    ...wanted
  }: { size: number; seed: number; limit?: number | undefined; fraction?: number | undefined },
): Promise<TaskImages> {
  const opened: ImageSet[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(opened.map((set) => set.close()));
  };
  try {
    const all = await openImages(data, { size });
    opened.push(all);
    const other = await openHeldOut(data, size);
    opened.push(other);
    const own = other.split === all.split;
    const parts = own ? holdOut(all) : { training: all, heldOut: other };
    const known = labelled(parts.training, all.description);
    const heldOut = labelled(
      parts.heldOut,
      own ? `${parts.heldOut.length} of ${all.description}; held out of training` : other.description,
    );
    checkClasses(known.classes, heldOut.classes, heldOut.images.source);
    const chosen = chooseLabelled(known.labels, wanted, seed);
    const training = parts.training.subset(chosen);
    const few = chosen.length < all.length ? `${chosen.length} of ` : '';
    return { training: labelled(training, `${few}${all.description}`), heldOut, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/**
 * Opens a task's images and an engine for `work`, says what is learned from and measured on, and closes both.
 * @throws UserError as {@link openTaskImages}, and what `work` throws
 */
export async function withTaskImages<T>(
  data: readonly string[],
  options: Parameters<typeof openTaskImages>[1],
  { log, ...compute }: ComputeOptions & { readonly log: Log },
  work: (images: TaskImages, engine: Engine) => Promise<T>,
): Promise<T> {
  const images = await openTaskImages(data, options);
  const engine = createEngine(compute);
  try {
    log.note(`learns from ${images.training.description}`);
    log.note(`measured on ${images.heldOut.description}`);
    return await work(images, engine);
  } finally {
    engine.dispose();
    await images.close();
  }
}

/**
 * Opens images to measure an adapted model on: as {@link openTaskImages} holds them out; labels are numbered as the
 * model's classes.
 * @param learned the sources that the model learned from
 * @throws UserError as there, and for a class that is none of the model's
 */
export async function openMeasured(
  data: readonly string[],
  { size, classes, learned }: { size: number; classes: readonly string[]; learned: readonly string[] },
): Promise<LabelledImages & { close(): Promise<void> }> {
  const where = (sources: readonly string[]): string => sources.map(place).sort().join('\n');
  if (where(data) === where(learned)) {
    const { heldOut, close } = await openTaskImages(data, { size, seed: 0 });
    checkClasses(classes, heldOut.classes, heldOut.images.source);
    return { ...heldOut, close };
  }
  const images = await openHeldOut(data, size);
  const close = (): Promise<void> => images.close();
  try {
    const found = labelled(images, images.description);
    checkClasses(classes, found.classes, images.source);
    const number = found.classes.map((name) => classes.indexOf(name));
    return { ...found, classes, labels: found.labels.map((label) => number[label] as number), close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** @throws UserError naming the first class of `found` that is none of `known` */
function checkClasses(known: readonly string[], found: readonly string[], source: string): void {
  const strange = found.find((name) => !known.includes(name));
  if (strange === undefined) return;
  const some = known.slice(0, 5).join(', ') + (known.length > 5 ? `, … (${known.length})` : '');
  throw new UserError(`${source}: its class "${strange}" is none of those learned: ${some}`);
}
