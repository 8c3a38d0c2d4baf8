import { chance } from '../evaluate/ranks.js';
import type { Health, StepLine } from '../run/metrics.js';
import { type Curve, curve, type Point } from './curve.js';
import { type Html, html } from './html.js';

/** Mean reciprocal rank by chance in the health panel's bank of 256 versions. */
export const CHANCE = chance(256);

/** A chart is no wider than this many points. */
const POINTS = 300;

/** The charts of a run: what tells how it goes, and below them, folded away, the schedules and the speed. */
export function curves(steps: readonly StepLine[], health: readonly Health[]): Html {
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
  return html`<div class="charts">${main.map(curve)}</div>
<details><summary>Schedules and speed</summary><div class="charts">${more.map(curve)}</div></details>`;
}
