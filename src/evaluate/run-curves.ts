import type { Health, StepLine } from '../run/metrics.js';
import { chance } from './ranks.js';

/** A point of a curve; `error`, where known, is its standard error. */
export interface Point {
  /** Or epoch. */
  readonly step: number;
  readonly value: number;
  readonly error?: number;
}

/** What a chart shows and how it is to be read. */
export interface Curve {
  readonly title: string;
  /** One sentence on how to read it. */
  readonly note: string;
  /** In order of steps. Those that are not finite are left out. */
  readonly points: readonly Point[];
  /** A level to compare with, drawn dashed. */
  readonly reference?: number;
  /** Decimals of the latest value; 4 significant digits where left out. */
  readonly digits?: number;
  /** Follows every value, such as ` %`. */
  readonly unit?: string;
  /** What the points count; steps where left out. */
  readonly over?: 'steps' | 'epochs';
}

/** Mean reciprocal rank by chance in the health panel's bank of 256 versions. */
export const CHANCE = chance(256);

/** A chart is no wider than this many points. */
const POINTS = 300;

/** The curves of a run: what tells how it goes, and its schedules and speed. */
export function runCurves(
  steps: readonly StepLine[],
  health: readonly Health[],
): { readonly main: readonly Curve[]; readonly more: readonly Curve[] } {
  const every = Math.ceil(steps.length / POINTS);
  const thinned = steps.filter((_, i) => i % every === 0 || i === steps.length - 1);
  const of = (value: (line: StepLine) => number): Point[] =>
    thinned.map((line) => ({ step: line.step, value: value(line) }));
  const main: Curve[] = [
    {
      title: 'Loss',
      note: 'Squared error of the predicted latents. Alone it says little, as its target moves with the encoder: a low loss may be a collapse.',
      points: of(({ loss }) => loss),
    },
    {
      title: 'MRR',
      note: 'Mean of 1 / rank of the right one among 256 versions of an image: 1 is perfect, the dashed line chance, the band one standard error.',
      points: health.map(({ step, mrr, mrrStandardError }) => ({
        step,
        value: mrr,
        error: mrrStandardError,
      })),
      reference: CHANCE,
      digits: 3,
    },
    {
      title: 'k-NN accuracy',
      note: 'Held-out images whose nearest training images name their class. It should end above where it began.',
      points: health.flatMap(({ step, knn }) => (knn === undefined ? [] : [{ step, value: 100 * knn }])),
      digits: 1,
      unit: ' %',
    },
    {
      title: 'RankMe',
      note: 'Directions that the features in effect use. A dip at the start is common; a fall towards 1 is a collapse.',
      points: health.map(({ step, rankMe }) => ({ step, value: rankMe })),
      digits: 1,
    },
    {
      title: 'Feature deviation',
      note: 'How much the features differ from image to image. Near 0 all images look the same to the encoder: a collapse.',
      points: health.map(({ step, featureDeviation }) => ({ step, value: featureDeviation })),
      digits: 2,
    },
    {
      title: 'Gradient norm',
      note: 'Of all gradients together, before clipping. Growing spikes ask for a lower learning rate.',
      points: of(({ gradientNorm }) => gradientNorm),
    },
  ];
  const more: Curve[] = [
    {
      title: 'Learning rate',
      note: 'Warm-up, then half a cosine.',
      points: of(({ learningRate }) => learningRate),
    },
    {
      title: 'Weight decay',
      note: 'Of matrices only.',
      points: of(({ weightDecay }) => weightDecay),
    },
    {
      title: 'Target encoder kept',
      note: 'Share of the target encoder that a step leaves; the rest comes from the encoder.',
      points: of(({ momentum }) => momentum),
    },
    {
      title: 'Images per second',
      note: 'Views that training consumed, in time spent on steps.',
      points: of(({ imagesPerSecond }) => imagesPerSecond),
    },
  ];
  return { main, more };
}
