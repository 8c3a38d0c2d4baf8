import { describeImages } from '../../data/image-set.js';
import { place } from '../../data/open-source.js';
import { openHeldOut } from '../../data/splits.js';
import { createEngine } from '../../engine/create-engine.js';
import type { ComputeOptions, Engine } from '../../engine/index.js';
import type { Log } from '../../log.js';
import { purpose, random } from '../../random.js';
import { chooseLabelled } from './choose-labelled.js';
import { type MaskMeaning, type TaskClasses, type TaskKind, type TaskSet, UnlabelledSplit } from './task.js';

/** The images that a task is learned from and measured on. */
export interface TaskImages<S extends TaskSet = TaskSet> {
  readonly training: S;
  readonly heldOut: S;
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
 * @throws UserError for what cannot be opened, does not say what is to be learned, or differs in its classes
 */
export async function openTaskImages<S extends TaskSet>(
  kind: TaskKind<S>,
  data: readonly string[],
  { size, seed, limit, fraction, classes, ignored }: TaskImagesOptions,
): Promise<TaskImages<S>> {
  const opened: S[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(opened.map((set) => set.close()));
  };
  try {
    const all = await kind.open(data, { size, classes, ignored });
    opened.push(all);
    kind.checkLearnable(all);
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
    const heldOut = kind.renumber(parts.heldOut, all);
    const chosen = chooseLabelled(parts.training.groups, { limit, fraction }, seed);
    const few = chosen.length < all.images.length ? `${chosen.length} of ` : '';
    const training = kind.subset(parts.training, chosen, `${few}${all.description}`);
    return { training, heldOut, close };
  } catch (error) {
    await close();
    throw error;
  }
}

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
  { log, ...compute }: ComputeOptions & { readonly log: Log },
  work: (images: readonly TaskImages<S>[], engine: Engine) => Promise<T>,
): Promise<T> {
  const opened: TaskImages<S>[] = [];
  const engine = createEngine(compute);
  try {
    for (const { name, kind, data } of tasks) {
      const images = await openTaskImages(kind, data, options);
      opened.push(images);
      const who = tasks.length > 1 ? `${name}: ` : '';
      for (const [what, set] of [
        ['learns from', images.training],
        ['measured on', images.heldOut],
      ] as const)
        log.note(`${who}${what} ${describeImages(set)}`);
    }
    return await work(opened, engine);
  } finally {
    engine.dispose();
    await Promise.all(opened.map((images) => images.close()));
  }
}

/**
 * Opens images to measure an adapted model on: as {@link openTaskImages} holds them out, with classes numbered as the
 * model's.
 * @param known the model's classes
 * @param learned the sources that the model learned from
 * @throws UserError as there, and for a class that is none of the model's
 */
export async function openMeasured<S extends TaskSet>(
  kind: TaskKind<S>,
  data: readonly string[],
  { size, known, learned }: { size: number; known: TaskClasses; learned: readonly string[] },
): Promise<S> {
  const where = (sources: readonly string[]): string => sources.map(place).sort().join('\n');
  const { ignored } = known;
  if (where(data) === where(learned)) {
    const images = await openTaskImages(kind, data, { size, seed: 0, ignored });
    return renumbered(kind, images.heldOut, known, () => images.close());
  }
  const images = await openHeldOut((split) => kind.open(data, { size, split, ignored }));
  return renumbered(kind, images, known, () => images.close());
}

async function renumbered<S extends TaskSet>(
  kind: TaskKind<S>,
  set: S,
  known: TaskClasses,
  close: () => Promise<void>,
): Promise<S> {
  try {
    return { ...kind.renumber(set, known), close };
  } catch (error) {
    await close();
    throw error;
  }
}
