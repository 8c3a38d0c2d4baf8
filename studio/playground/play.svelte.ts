import type { Action, Inference } from 'image-world-models/web';
import { decodeImage, planes, sampleScene } from '../images/pixels.js';
import { messageOf } from '../message.js';
import { latest } from '../model/latest.js';
import type { Answer, OpenedModel } from '../model/model-worker.js';
import { called, modelWorker, runtime } from '../model/open-model.js';
import type { RunPlace } from '../model/run-place.js';

/** What a person does with a world model: a run, an image, an action, and what comes of it. */
class Play {
  model = $state.raw<OpenedModel>();
  answer = $state.raw<Answer>();
  inference = $state.raw<Inference>();
  action = $state.raw<Action>({});
  /** Patches that the encoder does not see. */
  hidden = $state.raw<ReadonlySet<number>>(new Set());
  /** The sample in use; undefined where it is a person's own image. */
  sample = $state<number | undefined>(0);
  /** What is being done, and how much of it is; undefined when all is. */
  work = $state.raw<{ readonly words: string; readonly share?: number }>();
  problem = $state<string>();
  /** What is open, told apart. */
  #run: string | undefined;
  /** Masks drawn so far. */
  #draws = 0;

  /** Opens a run, where it is not open yet. @param id tells it apart */
  async open(id: string, place: RunPlace): Promise<void> {
    if (id === this.#run) return;
    this.#run = id;
    this.model = undefined;
    this.answer = undefined;
    await this.#do('loading the model', async () => {
      this.model = await modelWorker().open(place, runtime());
      this.action = {};
      this.hidden = new Set();
      await this.#take(planes(sampleScene(0, this.model.size).pixels, this.model.size));
      this.sample = 0;
    });
    if (this.problem !== undefined) this.#run = undefined;
  }

  chooseSample(number: number): Promise<void> {
    return this.#do('looking at the image', async () => {
      const { size } = this.#opened;
      await this.#take(planes(sampleScene(number, size).pixels, size));
      this.sample = number;
    });
  }

  /** Looks at the first image among files. */
  drop(files: readonly File[]): Promise<void> {
    return this.#do('looking at the image', async () => {
      const file = files.find(({ type }) => type.startsWith('image/'));
      if (file === undefined)
        throw new Error('there is neither an image among these files nor a run, which has a config.json');
      await this.#take(await decodeImage(file, this.#opened.size));
      this.sample = undefined;
    });
  }

  /** Changes the action; what comes of it follows. */
  act(change: Action): void {
    this.action = { ...this.action, ...change };
    this.#ask();
  }

  rest(): void {
    this.action = {};
    this.#ask();
  }

  /** Hides a patch from the encoder, or shows it; the last one that is seen stays. */
  paint(place: number, isHidden: boolean): void {
    if (this.hidden.has(place) === isHidden) return;
    const hidden = new Set(this.hidden);
    if (isHidden) hidden.add(place);
    else hidden.delete(place);
    if (hidden.size < this.#opened.grid ** 2) this.#hide(hidden);
  }

  hideNothing(): void {
    this.#hide(new Set());
  }

  /** Hides what training would, drawn anew each time. */
  async hideAsInTraining(): Promise<void> {
    this.#hide(await modelWorker().drawHidden(this.#draws++));
  }

  #hide(hidden: ReadonlySet<number>): void {
    this.hidden = hidden;
    this.#ask();
  }

  /** Which action leads from the image to another? To what the present action gives, where no file is given. */
  infer(file?: File): Promise<void> {
    const words = 'searching the action';
    return this.#do(words, async () => {
      const { size } = this.#opened;
      const wanted = this.answer?.wanted;
      const after =
        file === undefined ? wanted && planes(wanted.pixels, size) : await decodeImage(file, size);
      if (after === undefined) return;
      this.inference = await modelWorker().infer(
        after,
        called((share: number) => {
          this.work = { words, share };
        }),
      );
    });
  }

  readonly #ask = latest<void>(async () => {
    try {
      this.answer = await modelWorker().retrieve(this.action, this.hidden);
    } catch (error) {
      this.problem = messageOf(error);
    }
  });

  get #opened(): OpenedModel {
    if (this.model === undefined) throw new Error('open a run first');
    return this.model;
  }

  async #take(pixels: Float32Array): Promise<void> {
    this.inference = undefined;
    const words = 'computing what the answers are compared with';
    this.work = { words, share: 0 };
    await modelWorker().take(
      pixels,
      called((share: number) => {
        this.work = { words, share };
      }),
    );
    this.answer = await modelWorker().retrieve(this.action, this.hidden);
  }

  async #do(words: string, work: () => Promise<void>): Promise<void> {
    this.problem = undefined;
    this.work = { words };
    try {
      await work();
    } catch (error) {
      this.problem = messageOf(error);
    }
    this.work = undefined;
  }
}

export const play = new Play();
