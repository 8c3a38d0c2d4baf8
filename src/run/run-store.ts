import type { BadSample } from '../data/image-set.js';
import type { Layouts, ModelWeights } from '../world-model/index.js';
import type { Config } from './config.js';
import type { KeptImages } from './kept-images.js';
import type { Metric } from './metrics.js';
import type { Predecessor } from './predecessor.js';
import type { State } from './state.js';

/** Where a run keeps what must not be lost: a folder of a disk, or a browser's own storage. */
export interface RunStore {
  /** What to call it in messages. */
  readonly name: string;
  /** Keeps the configuration, where a run begins. @throws UserError where something else is there */
  begin(config: Config): Promise<void>;
  /** Opens the run whose weights this one begins with. @throws UserError where it is missing or has changed since */
  predecessor(from: NonNullable<Config['from']>): Promise<Predecessor>;
  /** Steps after which there is a checkpoint, ascending. */
  storedSteps(): Promise<readonly number[]>;
  /**
   * Fills `state` from the newest checkpoint that is whole; newer ones that are damaged are removed.
   * @param note told of each that is damaged, in a line
   * @returns the number of steps done; undefined where there is no checkpoint yet
   * @throws UserError where there are checkpoints, but none is whole
   */
  load(
    state: State<Float32Array>,
    layouts: Layouts,
    note: (line: string) => void,
  ): Promise<number | undefined>;
  /** Keeps everything to go on from after `step` steps, then removes all but the newest `keep`. */
  save(step: number, state: State<Float32Array>, layouts: Layouts, keep: number): Promise<void>;
  /** Keeps the finished model. */
  saveModel(weights: ModelWeights, layouts: Layouts): Promise<void>;
  /**
   * Which images are held out and were trained on; undefined before that is decided.
   * @throws UserError where it is damaged, or missing though there are checkpoints
   */
  images(): Promise<KeptImages | undefined>;
  saveImages(images: KeptImages): Promise<void>;
  /** All metrics, in order. @throws UserError naming a line that is none */
  metrics(): Promise<readonly Metric[]>;
  /** Adds a metric, which is kept when this is done. */
  addMetric(metric: Metric): Promise<void>;
  /** Forgets what was logged after `step`, so that a resumed run logs it once. */
  forgetAfter(step: number): Promise<void>;
  readonly badSamples: BadSampleList;
}

/** Samples that a run skips because they cannot be read. */
export interface BadSampleList {
  /** Where people find the list. */
  readonly name: string;
  /** @throws UserError naming an entry that is none */
  read(): Promise<readonly BadSample[]>;
  add(sample: BadSample): Promise<void>;
}
