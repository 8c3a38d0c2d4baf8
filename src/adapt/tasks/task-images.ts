import { z } from 'zod';
import { describeImages } from '../../data/image-set.js';
import { everyIndex, namesOf, readDigests } from '../../data/known-images.js';
import { samePlaces } from '../../data/open-source.js';
import { openHeldOut, splits } from '../../data/splits.js';
import { createEngine } from '../../engine/create-engine.js';
import type { ComputeOptions, Engine, EngineOptions } from '../../engine/index.js';
import { UserError } from '../../errors.js';
import type { Log } from '../../log.js';
import { purpose, random } from '../../random.js';
import { askHeldOut, askUnseen } from '../../run/asked-images.js';
import { BadSamples } from '../../run/bad-samples.js';
import { keptImages } from '../../run/kept-images.js';
import { chooseLabelled } from './choose-labelled.js';
import { type MaskMeaning, type TaskClasses, type TaskKind, type TaskSet, UnlabelledSplit } from './task.js';

/** Which images a task was learned from and measured on, and in which split those lie. */
export const keptTaskImages = keptImages.extend({ split: z.enum(splits) });
export type KeptTaskImages = Readonly<z.infer<typeof keptTaskImages>>;

/** The images that a task is learned from and measured on. */
export interface TaskImages<S extends TaskSet = TaskSet> {
  readonly training: S;
  readonly heldOut: S;
  readonly kept: KeptTaskImages;
  /** Which images cannot be read and are skipped, in a line; undefined where all can. */
  readonly skipped: string | undefined;
  close(): Promise<void>;
}

/** What is wanted of a task's images. */
export interface TaskImagesOptions extends MaskMeaning {
  /** Side of the stored images, pixels. */
  readonly size: number;
  readonly seed: number;
  /** Labelled images to use, see {@link chooseLabelled}. */
  readonly limit?: number | undefined;
  readonly fraction?: number | undefined;
  /** Share of the images that may be unreadable, see {@link BadSamples}. */
  readonly badSamples: number;
}

/** The share of a source without splits that is held out. */
const HELD_OUT = 0.1;

/**
 * Where a source has no split of its own to measure on: the same images of it are held out, whatever the seed.
 * @param hidden splits that say nothing of what is to be learned
 */
function holdOut<S extends TaskSet>(
  kind: TaskKind<S>,
  all: S,
  hidden: readonly string[],
): { training: S; heldOut: S } {
  const { length } = all.images;
  const order = random(0, purpose.evaluate).permutation(length);
  const held = Math.ceil(length * HELD_OUT);
  const why = hidden.length === 0 ? '' : `, as there are no labels in ${hidden.join(' and ')}`;
  return {
    heldOut: kind.subset(
      all,
      order.slice(0, held).sort(),
      `${held} of ${all.description}; held out of training${why}`,
    ),
    training: kind.subset(all, order.slice(held).sort(), all.description),
  };
}

/**
 * Opens a task's images: its training split to learn from, its validation or else test split to measure on; of a
 * source without these a tenth is held out.
 * Images that are held out too, under another name or in another split, are not learned from. Waits until all are
 * decoded.
 * @throws UserError for what cannot be opened or read, does not say what is to be learned, or differs in its classes
 */
export async function openTaskImages<S extends TaskSet>(
  kind: TaskKind<S>,
  data: readonly string[],
  { size, seed, limit, fraction, classes, ignored, badSamples }: TaskImagesOptions,
): Promise<TaskImages<S>> {
  const opened: S[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(opened.map((set) => set.close()));
  };
  try {
    const all = await kind.open(data, { size, classes, ignored });
    opened.push(all);
    await kind.checkLearnable(all);
    const hidden: string[] = [];
    const other = await openHeldOut(async (split) => {
      try {
        return await kind.open(data, { size, split, classes, ignored });
      } catch (error) {
        if (error instanceof UnlabelledSplit) hidden.push(`${split}`);
        throw error;
      }
    });
    opened.push(other);
    const own = other.images.split === all.images.split;
    const parts = own ? holdOut(kind, all, hidden) : { training: all, heldOut: other };
    const chosen = chooseLabelled(parts.training.groups, { limit, fraction }, seed);
    const few = chosen.length < all.images.length ? `${chosen.length} of ` : '';
    const candidates = kind.subset(parts.training, chosen, `${few}${all.description}`);
    const bad = await BadSamples.open({
      images: parts.heldOut.images.length + chosen.length,
      share: badSamples,
      instead: 'allow more with',
    });
    const onBad = bad.add.bind(bad);
    const asked = await readDigests(parts.heldOut.images, everyIndex(parts.heldOut.images), onBad);
    const known = new Set(asked.values());
    const given = await readDigests(candidates.images, everyIndex(candidates.images), onBad);
    const learned = [...given].filter(([, digest]) => !known.has(digest));
    if (asked.size === 0 || learned.length === 0)
      throw new UserError(
        `${all.images.source}: no image is left to ${asked.size === 0 ? 'measure on' : 'learn from, as all are held out too'}; give more images`,
      );
    const copies = given.size - learned.length;
    const left = copies === 0 ? '' : `; not learned from, as held out too: ${copies} of these`;
    return {
      training: kind.subset(candidates, placesOf(learned), `${candidates.description}${left}`),
      heldOut: kind.renumber(kind.subset(parts.heldOut, placesOf(asked), parts.heldOut.description), all),
      kept: {
        split: other.images.split,
        names: namesOf(other.images),
        heldOut: Array.from(asked, ([place, digest]) => ({ name: parts.heldOut.images.name(place), digest })),
        trained: learned.map(([, digest]) => digest),
      },
      skipped: bad.describe(),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

const placesOf = (found: Iterable<readonly [number, string]>): Int32Array =>
  Int32Array.from(found, ([place]) => place);

/** A task whose images are to be opened. */
export interface TaskSource<S extends TaskSet = TaskSet> {
  readonly name: string;
  readonly kind: TaskKind<S>;
  readonly data: readonly string[];
}

/**
 * Opens the images of every task and an engine for `work`, says what is learned from and measured on, and closes all.
 * @throws UserError as {@link openTaskImages}, and what `work` throws
 */
export async function withTaskImages<S extends TaskSet, T>(
  tasks: readonly TaskSource<S>[],
  options: TaskImagesOptions,
  { log, ...compute }: ComputeOptions & Pick<EngineOptions, 'models'> & { readonly log: Log },
  work: (images: readonly TaskImages<S>[], engine: Engine) => Promise<T>,
): Promise<T> {
  const opened: TaskImages<S>[] = [];
  const engine = createEngine(compute);
  try {
    for (const { name, kind, data } of tasks) {
      const images = await openTaskImages(kind, data, options);
      opened.push(images);
      const who = tasks.length > 1 ? `${name}: ` : '';
      const { training, heldOut } = images;
      const notes = heldOut.notes.filter((note) => !training.notes.includes(note));
      log.note(`${who}learns from ${describeImages(training)}`);
      log.note(`${who}measured on ${describeImages({ description: heldOut.description, notes })}`);
      if (images.skipped !== undefined) log.note(`${who}${images.skipped}`);
    }
    return await work(opened, engine);
  } finally {
    engine.dispose();
    await Promise.all(opened.map((images) => images.close()));
  }
}

/** What an adapted model knows of a task's images. */
export interface Learned {
  readonly classes: TaskClasses;
  /** Its sources. */
  readonly data: readonly string[];
  readonly kept: KeptTaskImages;
  /** As for {@link TaskImagesOptions}. */
  readonly badSamples: number;
}

/**
 * Opens images to measure an adapted model on, with classes numbered as the model's: of the sources that it learned from
 * those that were held out, wherever they lie in them now; of others the validation split, else the test split, else
 * all, but no image that it learned from.
 * @throws UserError for what cannot be opened or read, where no image is left, and for a class that is none of the model's
 */
export async function openMeasured<S extends TaskSet>(
  kind: TaskKind<S>,
  data: readonly string[],
  size: number,
  { classes, data: own, kept, badSamples }: Learned,
): Promise<{ readonly set: S; readonly skipped: string | undefined }> {
  const { ignored } = classes;
  const isOwn = samePlaces(data, own);
  const all = isOwn
    ? await kind.open(data, { size, split: kept.split, ignored })
    : await openHeldOut((split) => kind.open(data, { size, split, ignored }));
  try {
    const { images, description } = all;
    const bad = await BadSamples.open({ images: images.length, share: badSamples });
    const onBad = bad.add.bind(bad);
    const { places, words } = await (isOwn
      ? askHeldOut(images, kept, onBad)
      : askUnseen(images, everyIndex(images), kept, onBad));
    const few = places.length < images.length ? `${places.length} of ` : '';
    const said = [`${few}${description}`, ...words].join('; ');
    if (places.length === 0) throw new UserError(`${said}: no image is left to measure on`);
    return { set: kind.renumber(kind.subset(all, places, said), classes), skipped: bad.describe() };
  } catch (error) {
    await all.close();
    throw error;
  }
}
