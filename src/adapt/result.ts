import { duration, mebibytes, millions, percent } from '../words.js';
import type { AdaptationSettings } from './settings.js';

/** How well one task is done. */
export interface TaskResult {
  readonly name: string;
  readonly task: 'classification';
  /** Top-1 on held-out images; ties count against. */
  readonly accuracy: number;
  readonly standardError: number;
  readonly top5: number;
  readonly classes: number;
  /** Labelled images learned from, and images asked. */
  readonly trained: number;
  readonly asked: number;
}

/** What an adaptation came to and what it cost; shared by `iwm adapt` and `iwm evaluate`. */
export interface AdaptationResult {
  /** Folder of the adapted model. */
  readonly model: string;
  readonly tasks: readonly TaskResult[];
  readonly tune: AdaptationSettings['tune'];
  readonly predictor: AdaptationSettings['predictor']['weights'];
  readonly head: string;
  readonly trainableParameters: number;
  /** Of the matrix products of one training step, forward and backward, divided by its images; cached latents are free. */
  readonly multiplyAddsPerImage: number;
  /** To name an image's class from its pixels. */
  readonly inferenceMultiplyAddsPerImage: number;
  readonly epochs: number;
  /** Training alone: without latents, measuring, and saving. */
  readonly secondsPerEpoch: number;
  /** Training, and computing or reading the latents before it. */
  readonly seconds: number;
  readonly peakMemoryBytes: number;
  /** A frozen encoder's latents of the training images; absent where the encoder is trained. */
  readonly latents?: {
    readonly precision: 'float16' | 'float32';
    readonly bytes: number;
    readonly seconds: number;
    /** computed: once, and kept; disk: read as an earlier adaptation left them; every epoch: computed and not kept. */
    readonly from: 'computed' | 'disk' | 'every epoch';
  };
  /** Held-out accuracy along the way; seconds as above, so that the time to reach an accuracy can be read off. */
  readonly history: readonly {
    readonly epoch: number;
    readonly seconds: number;
    readonly loss: number;
    readonly accuracy: number;
  }[];
  readonly protocol: Readonly<Record<string, string | number>>;
}

/** The result in words. */
export function describeResult(result: AdaptationResult): string {
  const { model, tasks, tune, predictor, head, latents } = result;
  return [
    `${model}: --tune ${tune} --predictor ${predictor} --head ${head}`,
    ...tasks.map(
      ({ name, accuracy, standardError, top5, classes, trained, asked }) =>
        `${name}  ${percent(accuracy)} ± ${percent(standardError)}, top-5 ${percent(top5)} (${classes} classes, ${trained.toLocaleString('en-US')} labelled images, ${asked.toLocaleString('en-US')} asked)`,
    ),
    `cost      ${millions(result.trainableParameters)} trainable parameters, ${millions(result.multiplyAddsPerImage)} multiply-adds an image and step, ${millions(result.inferenceMultiplyAddsPerImage)} to answer`,
    `time      ${result.secondsPerEpoch.toFixed(2)} s an epoch × ${result.epochs}, ${duration(result.seconds)} in all${latents === undefined ? '' : `, ${latents.seconds.toFixed(1)} s of it for latents (${latents.precision}, ${mebibytes(latents.bytes)}, ${latents.from === 'disk' ? 'from disk' : latents.from === 'computed' ? 'computed once' : 'computed in every epoch'})`}; ${mebibytes(result.peakMemoryBytes)} at the peak`,
    'protocol',
    ...Object.entries(result.protocol).map(([name, value]) => `  ${name}: ${value}`),
  ].join('\n');
}
