import { type Remote, wrap } from 'comlink';
import {
  atPoints,
  chosenMasks,
  type Overlap,
  type PixelClasses,
  PixelConfusion,
} from 'image-world-models/web';
import { decodeImage, planes, sampleScene } from '../images/pixels.js';
import { messageOf } from '../message.js';
import { runtime } from '../model/open-model.js';
import type { RunPlace } from '../model/run-place.js';
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
  /** The class of each pixel, [size, size], of a task that tells masks. */
  readonly mask?: ArrayLike<number>;
}

/** An image to ask about. */
interface Wanted {
  readonly name: string;
  readonly folder?: string | undefined;
  readonly pixels: () => Promise<Float32Array>;
  /** What is true of its pixels, where that is known. */
  readonly truth?: () => Promise<PixelClasses>;
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
  /** How well the masks that were told agree with those that are true, where these are known. */
  overlap = $state.raw<Overlap>();
  /** What is to be known of a folder: a sentence each. */
  notes = $state.raw<readonly string[]>([]);
  #worker: Remote<AdaptedWorker> | undefined;
  #run: string | undefined;
  /** Told apart, so that answers to an older question come too late. */
  #question = 0;
  #wanted: readonly Wanted[] = [];

  /** Opens a model, where it is not open yet. @param id tells it apart */
  async open(id: string, place: RunPlace): Promise<void> {
    if (id === this.#run) return;
    this.#run = id;
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
      this.#run = undefined;
      this.work = undefined;
    }
  }

  /** Asks the same images another task. */
  choose(task: OpenedTask): Promise<void> {
    this.task = task;
    return this.#ask(this.#wanted);
  }

  /** Asks of files; those in a folder are of the class that it names, or have masks beside them. */
  async take(files: readonly File[]): Promise<void> {
    const { model, task } = this;
    if (model === undefined || task === undefined) return;
    try {
      const isMasks = task.kind === 'masks';
      const masked = isMasks ? await chosenMasks(files, task) : undefined;
      this.notes = masked?.notes ?? [];
      const images: readonly { file: File; truth?: () => Promise<PixelClasses> }[] =
        masked?.images.map(({ file, truth }) => ({ file: file as File, truth })) ??
        files.filter(({ type }) => type.startsWith('image/')).map((file) => ({ file }));
      if (images.length === 0) throw new Error('there is no image among these files');
      await this.#ask(
        images.map(({ file, truth }) => {
          const path = (file.webkitRelativePath || file.name).split('/');
          return {
            name: path.at(-1) ?? '',
            folder: path.at(-2),
            pixels: () => decodeImage(file, model.size, isMasks ? 'stretched' : 'square'),
            ...(truth === undefined ? {} : { truth }),
          };
        }),
      );
    } catch (error) {
      this.problem = messageOf(error);
    }
  }

  async #ask(wanted: readonly Wanted[]): Promise<void> {
    const { task, model } = this;
    if (task === undefined || model === undefined || wanted.length === 0) return;
    const question = ++this.#question;
    this.#wanted = wanted;
    this.images = [];
    this.failed = [];
    this.problem = undefined;
    this.overlap = undefined;
    const confusion = new PixelConfusion(task.classes);
    for (const [i, { name, folder, pixels, truth: read }] of wanted.entries()) {
      this.work = { words: `asking ${i + 1} of ${wanted.length}`, share: i / wanted.length };
      try {
        const own = await pixels();
        const answer =
          task.kind === 'masks'
            ? await this.#segment(own, task, model.size, confusion, await read?.())
            : await this.#classify(own, task);
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

  /** The mask of an image; where the true one is known, told at its size, and counted. */
  async #segment(
    pixels: Float32Array,
    task: OpenedTask,
    size: number,
    confusion: PixelConfusion,
    truth: PixelClasses | undefined,
  ): Promise<Pick<AskedImage, 'mask'>> {
    const { width, height } = truth ?? { width: size, height: size };
    const masks = (await this.#opened.segment(pixels, task.name, { width, height })).masks;
    if (truth !== undefined) {
      confusion.add(truth.data, masks);
      this.overlap = confusion.overlap(task.ignored);
    }
    return { mask: atPoints({ width, height, data: Int16Array.from(masks) }, size) };
  }

  async #classify(pixels: Float32Array, task: OpenedTask): Promise<Pick<AskedImage, 'classes'>> {
    const { classes, probabilities } = await this.#opened.classify(pixels, task.name);
    return {
      classes: classes
        .map((name, i) => ({ name, probability: probabilities[i] ?? 0 }))
        .sort((a, b) => b.probability - a.probability)
        .slice(0, 3),
    };
  }

  get #opened(): Remote<AdaptedWorker> {
    if (this.#worker === undefined) throw new Error('open a model first');
    return this.#worker;
  }
}

export const asked = new Asked();
