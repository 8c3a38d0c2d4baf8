import { type Remote, wrap } from 'comlink';
import { decodeImage, planes, sampleScene } from '../images/pixels.js';
import { messageOf } from '../message.js';
import { runtime } from '../model/open-model.js';
import type { AdaptedWorker, OpenedAdapted, OpenedTask } from './adapted-worker.js';

/** Samples that are asked at first. */
const SAMPLES = 10;

/** An image with what the model says of it. */
export interface AskedImage {
  readonly name: string;
  /** As the model sees it: [3, size, size] in 0..1. */
  readonly pixels: Float32Array;
  /** Its folder's name, where that is a class. */
  readonly truth?: string;
  /** The likeliest classes, the likeliest first, of a task that tells classes. */
  readonly classes?: readonly { readonly name: string; readonly probability: number }[];
  /** The class of each pixel, bytes [size, size], of a task that tells masks. */
  readonly mask?: Uint8Array;
}

/** An image to ask about. */
interface Wanted {
  readonly name: string;
  readonly folder?: string | undefined;
  readonly pixels: () => Promise<Float32Array>;
}

/** What a person asks an adapted model. */
class Asked {
  model = $state.raw<OpenedAdapted>();
  task = $state.raw<OpenedTask>();
  images = $state.raw<readonly AskedImage[]>([]);
  /** Images that could not be read, a line each. */
  failed = $state.raw<readonly string[]>([]);
  work = $state.raw<{ readonly words: string; readonly share?: number }>();
  problem = $state<string>();
  #worker: Remote<AdaptedWorker> | undefined;
  #place: string | undefined;
  /** Told apart, so that answers to an older question come too late. */
  #question = 0;
  #wanted: readonly Wanted[] = [];

  async open(place: string): Promise<void> {
    if (place === this.#place) return;
    this.#place = place;
    this.model = undefined;
    this.images = [];
    this.work = { words: 'loading the model' };
    this.problem = undefined;
    try {
      this.#worker ??= wrap<AdaptedWorker>(
        new Worker(new URL('./adapted-worker.ts', import.meta.url), { type: 'module' }),
      );
      const opened = await this.#worker.open(place, runtime());
      this.model = opened;
      this.task = opened.tasks[0];
      const { size } = opened;
      await this.#ask(
        Array.from({ length: SAMPLES }, (_, i) => ({
          name: `sample ${i + 1}`,
          pixels: async () => planes(sampleScene(i, size).pixels, size),
        })),
      );
    } catch (error) {
      this.problem = messageOf(error);
      this.#place = undefined;
      this.work = undefined;
    }
  }

  /** Asks the same images another task. */
  choose(task: OpenedTask): Promise<void> {
    this.task = task;
    return this.#ask(this.#wanted);
  }

  /** Asks of files; those in a folder are of the class that it names. */
  take(files: Iterable<File>): Promise<void> {
    const { model } = this;
    if (model === undefined) return Promise.resolve();
    const images = [...files].filter(({ type }) => type.startsWith('image/'));
    if (images.length === 0) this.problem = 'there is no image among these files';
    return this.#ask(
      images.map((file) => ({
        name: file.name,
        folder: file.webkitRelativePath.split('/').at(-2),
        pixels: () => decodeImage(file, model.size, this.task?.kind === 'masks' ? 'stretched' : 'square'),
      })),
    );
  }

  async #ask(wanted: readonly Wanted[]): Promise<void> {
    const { task, model } = this;
    if (task === undefined || model === undefined || wanted.length === 0) return;
    const question = ++this.#question;
    this.#wanted = wanted;
    this.images = [];
    this.failed = [];
    this.problem = undefined;
    for (const [i, { name, folder, pixels }] of wanted.entries()) {
      this.work = { words: `asking ${i + 1} of ${wanted.length}`, share: i / wanted.length };
      try {
        const own = await pixels();
        const answer = await this.#answer(own, task, model.size);
        if (question !== this.#question) return;
        const truth = folder !== undefined && task.classes.includes(folder) ? { truth: folder } : {};
        this.images = [...this.images, { name, pixels: own, ...truth, ...answer }];
      } catch (error) {
        if (question !== this.#question) return;
        this.failed = [...this.failed, messageOf(error)];
      }
    }
    this.work = undefined;
  }

  async #answer(
    pixels: Float32Array,
    task: OpenedTask,
    size: number,
  ): Promise<Pick<AskedImage, 'classes' | 'mask'>> {
    const worker = this.#worker;
    if (worker === undefined) return {};
    if (task.kind === 'masks') return { mask: (await worker.segment(pixels, task.name, size)).masks };
    const { classes, probabilities } = await worker.classify(pixels, task.name);
    return {
      classes: classes
        .map((name, i) => ({ name, probability: probabilities[i] ?? 0 }))
        .sort((a, b) => b.probability - a.probability)
        .slice(0, 3),
    };
  }
}

export const asked = new Asked();
