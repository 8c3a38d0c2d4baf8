import type { ImageSet } from '../data/image-set.js';
import { openImages } from '../data/images.js';
import { openHeldOut } from '../data/splits.js';
import { Compiled, type Engine } from '../engine/index.js';
import { UserError } from '../errors.js';
import { NEIGHBOURS } from '../evaluate/evaluation-protocol.js';
import { knnAccuracy } from '../evaluate/knn.js';
import type { Log } from '../log.js';
import { purpose, random } from '../random.js';
import { type Program, size, spec, type Tensor, trace } from '../tensor/index.js';
import { type Normalisation, normalise } from '../world-model/index.js';
import type { Precision } from './store-smaller.js';

/** Images that graphs are compared on, and those in memory as floats at a time. */
const IMAGES = 1024;
const BATCH = 64;

/** What storing a graph's numbers in fewer bits changes. */
export interface Effect {
  /** ‖outputs − those in float32‖ / ‖those in float32‖. */
  readonly difference: number;
  /** Of an encoder: k-NN accuracy of the means of its latents. */
  readonly knn?: number;
  /** Of a task: share of answers, one for each image or pixel, that are those in float32. */
  readonly agreement?: number;
}

/** The effects of precisions, and on which images they were measured. */
export interface Effects {
  readonly images: string;
  readonly of: Readonly<Record<Precision, Effect>>;
}

export interface ComparedImages {
  /** Sources; drawn images take their place where they cannot be opened. */
  readonly data: readonly string[];
  /** Side, and what becomes of an image that is no square. */
  readonly size: number;
  readonly fit: 'square' | 'stretched';
  readonly normalisation: Normalisation;
}

/** Runs graphs of the same outputs on the same images, and says how they differ. */
export async function measureEffects(
  graphs: ReadonlyMap<Precision, Program>,
  compared: ComparedImages,
  engine: Engine,
  log: Log,
): Promise<Effects> {
  const images = await openCompared(compared, log);
  try {
    const compiled = new Compiled(engine);
    const chosen = random(0, purpose.evaluate).permutation(images.length).subarray(0, IMAGES);
    const outputs = new Map<Precision, Outputs>();
    for (const [precision, graph] of graphs) {
      log.progress(`comparing ${precision}: ${chosen.length} images`);
      outputs.set(precision, await answers(compiled, precision, graph, images.subset(chosen), compared));
    }
    const labels = images.labels && Int32Array.from(chosen, (image) => images.labels?.[image] ?? -1);
    const whole = outputs.get('float32') as Outputs;
    const of: Partial<Record<Precision, Effect>> = {};
    for (const [precision, own] of outputs)
      of[precision] = {
        difference: relative(own.main, whole.main),
        ...('pooled' in own ? await neighbours(compiled, own.pooled, labels) : agreement(own, whole)),
      };
    await compiled.dispose();
    const few = chosen.length < images.length ? `, ${chosen.length.toLocaleString('en-US')} of them` : '';
    return { images: `${images.description}${few}`, of: of as Record<Precision, Effect> };
  } finally {
    await images.close();
  }
}

async function openCompared({ data, size, fit }: ComparedImages, log: Log): Promise<ImageSet> {
  try {
    return await openHeldOut((split) => openImages(data, { size, fit, split }));
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    log.note(`precisions are compared on drawn images: ${error.message}`);
    return openImages(['synthetic:256'], { size, fit, split: 'validation' });
  }
}

/** All outputs of a graph: latents or logits, and an encoder's means or the classes that are told. */
type Outputs = { readonly main: Float32Array } & (
  | { readonly pooled: Float32Array }
  | { readonly told: Uint32Array }
);

async function answers(
  compiled: Compiled,
  precision: Precision,
  graph: Program,
  images: ImageSet,
  { size: side, normalisation }: ComparedImages,
): Promise<Outputs> {
  const main: Float32Array[] = [];
  const pooled: Float32Array[] = [];
  images.prefetch();
  for (let first = 0; first < images.length; first += BATCH) {
    const rows = Math.min(BATCH, images.length - first);
    const pixels = await images.batch(Int32Array.from({ length: rows }, (_, i) => first + i));
    const { pixel_values } = await compiled.run(
      'normalise',
      () =>
        trace('normalise', { pixels: spec(['batch', 3, side, side]) }, (inputs) => ({
          pixel_values: normalise(inputs.pixels, normalisation),
        })),
      { pixels },
    );
    const found = await compiled.run<string>(precision, () => graph as never, { pixel_values });
    main.push(found.logits ?? (found.last_hidden_state as Float32Array));
    if (found.pooler_output !== undefined) pooled.push(found.pooler_output);
  }
  if (pooled.length > 0) return { main: joined(main), pooled: joined(pooled) };
  const [, logits] = graph.outputs[0] as [string, Tensor];
  return { main: joined(main), told: largest(joined(main), logits) };
}

function joined(parts: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** The class of the largest logit, of logits [B, classes, …]. */
function largest(logits: Float32Array, like: Tensor): Uint32Array {
  const classes = size(like, 1);
  const places = like.shape.slice(2).reduce<number>((product, dim) => product * (dim as number), 1);
  return Uint32Array.from({ length: logits.length / classes }, (_, i) => {
    const first = Math.floor(i / places) * classes * places + (i % places);
    let best = 0;
    for (let c = 1; c < classes; c++)
      if ((logits[first + c * places] as number) > (logits[first + best * places] as number)) best = c;
    return best;
  });
}

function relative(own: Float32Array, whole: Float32Array): number {
  let [difference, length] = [0, 0];
  whole.forEach((value, i) => {
    difference += ((own[i] as number) - value) ** 2;
    length += value ** 2;
  });
  return Math.sqrt(difference / length);
}

function agreement(own: Outputs, whole: Outputs): Pick<Effect, 'agreement'> {
  if (!('told' in own && 'told' in whole)) return {};
  const { told } = whole;
  return { agreement: own.told.filter((answer, i) => answer === told[i]).length / told.length };
}

/** k-NN accuracy of one half of the images among the other. */
async function neighbours(
  compiled: Compiled,
  pooled: Float32Array,
  labels: Int32Array | undefined,
): Promise<Pick<Effect, 'knn'>> {
  if (labels === undefined || !labels.some((label) => label >= 0)) return {};
  const width = pooled.length / labels.length;
  const half = Math.floor(labels.length / 2);
  const part = (first: number, end: number) => ({
    features: pooled.slice(first * width, end * width),
    labels: labels.slice(first, end),
  });
  const found = await knnAccuracy(compiled, width, part(0, half), part(half, labels.length), NEIGHBOURS);
  return { knn: found.accuracy };
}
