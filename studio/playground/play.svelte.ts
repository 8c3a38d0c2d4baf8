import type { Action, Inference } from 'image-world-models/web';
import { decodeImage, planes, sampleScene } from '../images/pixels.js';
import { messageOf } from '../message.js';
import { latest } from '../model/latest.js';
import type { Answer, OpenedModel, RunPlace } from '../model/model-worker.js';
import { called, modelWorker, runtime } from '../model/open-model.js';

/** What a person does with a world model: a run, an image, an action, and what comes of it. */
class Play {
  model = $state.raw<OpenedModel>();
  answer = $state.raw<Answer>();
  inference = $state.raw<Inference>();
  action = $state.raw<Action>({});
  /** The sample in use; undefined where it is a person's own image. */
  sample = $state<number | undefined>(0);
  /** What is being done, and how much of it is; undefined when all is. */
  work = $state.raw<{ readonly words: string; readonly share?: number }>();
  problem = $state<string>();
  /** What is open, told apart. */
  #place: string | undefined;

  /** Opens a run, where it is not open yet. */
  async open(place: RunPlace): Promise<void> {
    const name = JSON.stringify(place);
    if (name === this.#place) return;
    this.#place = name;
    this.model = undefined;
    this.answer = undefined;
    await this.#do('loading the model', async () => {
      this.model = await modelWorker().open(place, runtime());
      this.action = {};
      await this.#take(planes(sampleScene(0, this.model.size).pixels, this.model.size));
      this.sample = 0;
    });
    if (this.problem !== undefined) this.#place = undefined;
  }

  chooseSample(number: number): Promise<void> {
    return this.#do('looking at the image', async () => {
      const { size } = this.#opened;
      await this.#take(planes(sampleScene(number, size).pixels, size));
      this.sample = number;
    });
  }

  drop(file: File): Promise<void> {
    return this.#do('looking at the image', async () => {
      await this.#take(await decodeImage(file, this.#opened.size));
      this.sample = undefined;
    });
  }

  /** Changes the action; what comes of it follows. */
  act(change: Action): void {
    this.action = { ...this.action, ...change };
    this.#ask(this.action);
  }

  rest(): void {
    this.action = {};
    this.#ask(this.action);
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

  readonly #ask = latest(async (action: Action) => {
    try {
      this.answer = await modelWorker().retrieve(action);
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
    this.answer = await modelWorker().retrieve(this.action);
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
