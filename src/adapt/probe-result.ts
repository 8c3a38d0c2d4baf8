import type { KnnResult } from '../evaluate/knn.js';
import { describeShare, type Interval } from '../evaluate/proportion.js';
import { count, duration, percent } from '../words.js';

/** What a head trained with one learning rate comes to on held-out images. */
export interface SweepPoint {
  readonly learningRate: number;
  readonly accuracy: number;
  /** Wilson's 95 % interval of `accuracy`. */
  readonly interval: Interval;
  /** Absent where there are no more than five classes. */
  readonly top5?: number;
}

/** The best head of its kind, and what each learning rate gave. */
export interface Sweep extends SweepPoint {
  readonly sweep: readonly { readonly learningRate: number; readonly accuracy: number }[];
}

/** The best number of neighbours, and what each gave. */
export interface KnnSweep extends KnnResult {
  readonly sweep: readonly { readonly k: number; readonly accuracy: number }[];
}

/** What is read off a frozen encoder. */
export interface ProbeResult {
  readonly run: string;
  readonly linear: Sweep;
  readonly attentive: Sweep;
  readonly knn: KnnSweep;
  readonly classes: number;
  /** Labelled images learned from, and images asked. */
  readonly trained: number;
  readonly asked: number;
  readonly seconds: number;
  readonly protocol: Readonly<Record<string, string | number>>;
}

/** The probes in words. */
export function describeProbe({
  run,
  linear,
  attentive,
  knn,
  classes,
  trained,
  asked,
  seconds,
  protocol,
}: ProbeResult): string {
  const head = (name: string, { accuracy, interval, top5, learningRate, sweep }: Sweep): string =>
    `${name} ${describeShare(accuracy, interval)}${top5 === undefined ? '' : `, top-5 ${percent(top5)}`} at learning rate ${learningRate} (${sweep.map((point) => `${point.learningRate}: ${percent(point.accuracy)}`).join(', ')})`;
  return [
    `${run}: ${classes} classes, ${count(trained, 'labelled image')}, ${asked.toLocaleString('en-US')} asked, ${duration(seconds)}`,
    head('linear    ', linear),
    head('attentive ', attentive),
    `k-NN       ${describeShare(knn.accuracy, knn.interval)} at k = ${knn.k} (${knn.sweep.map(({ k, accuracy }) => `${k}: ${percent(accuracy)}`).join(', ')})`,
    'protocol',
    ...Object.entries(protocol).map(([name, value]) => `  ${name}: ${value}`),
  ].join('\n');
}
