import { expose } from 'comlink';
import { AdaptedModel, type Classification, type Segmentation } from 'image-world-models/web';
import { type RunPlace, sourceOf } from '../model/run-place.js';

/** A task of an opened model, as the page needs it. */
export interface OpenedTask {
  readonly name: string;
  readonly kind: 'classes' | 'masks';
  /** Names of class 0, 1, … */
  readonly classes: readonly string[];
  /** The class of pixels that count for nothing. */
  readonly ignored: number | undefined;
}

/** What the page needs to know of an adapted model. */
export interface OpenedAdapted {
  /** Side of the images that it takes, pixels. */
  readonly size: number;
  readonly tasks: readonly OpenedTask[];
}

let model: AdaptedModel | undefined;

/** An adapted model in a thread of its own; one at a time. */
const adaptedWorker = {
  /** Loads an adapted model. @param runtime URL of the folder with ONNX Runtime's files */
  async open(place: RunPlace, runtime: string): Promise<OpenedAdapted> {
    const opened = await AdaptedModel.load(sourceOf(place), { wasm: runtime });
    model?.dispose();
    model = opened;
    return {
      size: opened.size,
      tasks: opened.tasks.map(({ name, task, classes, ignored }) => ({
        name,
        kind: task === 'segmentation' ? 'masks' : 'classes',
        classes,
        ignored,
      })),
    };
  },

  /** @param pixels [1, 3, size, size] in 0..1 */
  classify: (pixels: Float32Array, task: string): Promise<Classification> => loaded().classify(pixels, task),

  /** @param pixels [1, 3, size, size] in 0..1 @param sides of the mask, pixels */
  segment: (
    pixels: Float32Array,
    task: string,
    sides: { readonly width: number; readonly height: number },
  ): Promise<Segmentation> => loaded().segment(pixels, sides, task),
};

function loaded(): AdaptedModel {
  if (model === undefined) throw new Error('no model is open');
  return model;
}

export type AdaptedWorker = typeof adaptedWorker;

expose(adaptedWorker);
