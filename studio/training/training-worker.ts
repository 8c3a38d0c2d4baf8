import { expose } from 'comlink';
import {
  chosenImages,
  drawnImages,
  type ImageSet,
  type PretrainResult,
  pretrain,
  readConfig,
  resolve,
  storedRun,
  type Watched,
} from 'image-world-models/web';

/** What a person chooses of a new run. */
export interface NewRun {
  readonly preset: string;
  /** Updates of the weights. */
  readonly steps: number;
}

/** Steps from one checkpoint to the next: so much is lost where the page is closed without a pause. */
const CHECKPOINT = 50;

let controller: AbortController | undefined;

/** Training in a thread of its own, one run at a time. */
const trainingWorker = {
  /**
   * Trains a run in the browser's own storage, from its start or from where it stopped, to its end or a pause.
   * @param files the folder of its images, or none: the synthetic ones
   * @param begin undefined: go on with the run that is there
   * @param runtime URL of the folder with ONNX Runtime's files
   * @param progress is told a line now and then
   * @param watch is shown now and then what the model retrieves by then
   * @returns undefined where it was paused
   */
  async train(
    name: string,
    files: readonly File[],
    begin: NewRun | undefined,
    runtime: string,
    progress: (line: string) => void,
    watch: (seen: Watched) => void,
  ): Promise<PretrainResult | undefined> {
    const run = storedRun(name);
    const folder = files[0]?.webkitRelativePath.split('/')[0] || 'images';
    const config =
      begin === undefined
        ? await readConfig(run)
        : resolve(begin.preset, {
            data: [files.length > 0 ? folder : 'synthetic'],
            steps: begin.steps,
            'checkpoint.every': CHECKPOINT,
          });
    const size = config.image.stored;
    const drawn = files.length > 0 ? undefined : drawnImages(config.data[0] ?? '', { size });
    if (files.length === 0 && drawn === undefined)
      throw new Error(`${name} was trained on the folder ${config.data[0]}: choose it again to go on`);
    const images: ImageSet = drawn ?? (await chosenImages(files, { size }));
    controller = new AbortController();
    const { signal } = controller;
    try {
      const log = { progress, note: progress };
      const options = { run, images, resume: begin === undefined, signal, log, watch, wasm: runtime };
      return await pretrain(config, options);
    } catch (error) {
      if (signal.aborted) return undefined;
      throw error;
    } finally {
      controller = undefined;
      await images.close();
    }
  },

  /** Ends the training after the step that is being made; what it has come to is kept. */
  pause(): void {
    controller?.abort(new Error('paused'));
  },
};

export type TrainingWorker = typeof trainingWorker;

expose(trainingWorker);
