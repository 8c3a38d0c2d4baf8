import { expose } from 'comlink';
import {
  type Action,
  type ComparedRetrieval,
  type Inference,
  type Retriever,
  type RgbImage,
  retrievalColours,
  stops,
  type TransformationName,
  transformations,
  WorldModel,
} from 'image-world-models/web';
import { type RunPlace, sourceOf } from './run-place.js';

/** What the page needs to know of a model. */
export interface OpenedModel {
  readonly name: string;
  /** Side of the images that it takes, pixels. */
  readonly size: number;
  /** Patches along a side. */
  readonly grid: number;
  /** The jitters, each with the lowest and the highest action that training draws. */
  readonly jitters: readonly {
    readonly name: TransformationName;
    readonly low: number;
    readonly high: number;
  }[];
}

/** What came of an action, as the page shows it. */
export interface Answer extends Omit<ComparedRetrieval, 'latents'> {
  /** Patches that the encoder did not see. */
  readonly hidden: ReadonlySet<number>;
  /** Latents as colours, RGB bytes [patches, 3]; black where there are none. */
  readonly colours: Readonly<Record<keyof ComparedRetrieval['latents'], Uint8Array>>;
  /** What it took to compute. */
  readonly milliseconds: number;
}

let model: WorldModel | undefined;
let image: Float32Array | undefined;
let retriever: Retriever | undefined;
let colours: ReturnType<typeof retrievalColours> | undefined;

/** A model in a thread of its own, so that the page stays awake. One at a time, and one image of it. */
const modelWorker = {
  /** Loads a run. @param runtime URL of the folder with ONNX Runtime's files */
  async open(place: RunPlace, runtime: string): Promise<OpenedModel> {
    const source = sourceOf(place);
    const opened = await WorldModel.load(source, { wasm: runtime });
    model?.dispose();
    model = opened;
    retriever = undefined;
    const { augmentation } = opened.config;
    return {
      name: source.name,
      size: opened.size,
      grid: Math.sqrt(opened.patches),
      jitters: transformations
        .filter(({ kind }) => kind === 'jitter')
        .map(({ name }) => {
          const values = stops(augmentation, name);
          return { name, low: values[0] ?? 0, high: values.at(-1) ?? 0 };
        }),
    };
  },

  /** Takes an image to try actions on. @param pixels [3, size, size] in 0..1 */
  async take(pixels: Float32Array, progress: (share: number) => void): Promise<void> {
    const { config, patches } = loaded();
    image = pixels;
    const taken = await loaded().retriever(pixels, progress);
    // Of the clean image and of each jitter's ends, so that colours tell what actions change.
    const ends = transformations
      .filter(({ kind }) => kind === 'jitter')
      .flatMap(({ name }) =>
        [stops(config.augmentation, name)[0], stops(config.augmentation, name).at(-1)].map((value) => ({
          [name]: value,
        })),
      );
    const found: ComparedRetrieval[] = [];
    for (const action of [{}, ...ends])
      found.push(...((await taken.retrieve([action])) as ComparedRetrieval[]));
    colours = retrievalColours(found, patches);
    retriever = taken;
  },

  /** What an action on the taken image gives, and what its prediction retrieves. @param hidden patches that are not seen */
  async retrieve(action: Action, hidden: ReadonlySet<number>): Promise<Answer> {
    if (retriever === undefined || colours === undefined) throw new Error('no image was taken');
    const { patches } = loaded();
    const everywhere = Array.from({ length: patches }, (_, place) => place);
    const places = everywhere.filter((place) => !hidden.has(place));
    const began = performance.now();
    const [{ latents, ...found }] = (await retriever.retrieve(
      [action],
      hidden.size === 0 ? undefined : places,
    )) as [ComparedRetrieval];
    const milliseconds = performance.now() - began;
    const seen = new Uint8Array(3 * patches);
    const ofSeen = colours.seen(latents.seen);
    for (const [i, place] of places.entries()) seen.set(ofSeen.subarray(3 * i, 3 * i + 3), 3 * place);
    return {
      ...found,
      hidden,
      colours: { seen, predicted: colours.asked(latents.predicted), wanted: colours.asked(latents.wanted) },
      milliseconds,
    };
  },

  /** Which patches training would hide. @param draw the number of the draw */
  drawHidden(draw: number): ReadonlySet<number> {
    const { visible } = loaded().drawMasks(draw);
    return new Set(
      Array.from({ length: loaded().patches }, (_, place) => place).filter(
        (place) => !visible.includes(place),
      ),
    );
  },

  /**
   * Which action leads from the taken image to another?
   * @param after [3, size, size] in 0..1
   * @param progress is told the share of the search that is done
   */
  infer(after: Float32Array, progress: (share: number) => void): Promise<Inference> {
    if (image === undefined) throw new Error('no image was taken');
    return loaded().infer(image, after, progress);
  },
};

function loaded(): WorldModel {
  if (model === undefined) throw new Error('no model is open');
  return model;
}

export type ModelWorker = typeof modelWorker;
export type { RgbImage };

expose(modelWorker);
