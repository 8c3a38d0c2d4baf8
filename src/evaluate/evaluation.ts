import type { TransformationName } from '../world-model/index.js';
import type { KnnResult } from './knn.js';
import type { MrrResult } from './mrr.js';

/** Everything measured of a run, and how. */
export interface Evaluation {
  readonly run: string;
  /** Also with only one jitter varied, for each that training varies. */
  readonly mrr: MrrResult & { readonly byAction: Readonly<Record<string, MrrResult>> };
  readonly actionR2: Readonly<Record<TransformationName, number>>;
  /** Absent where images or bank have no labels, or other classes. */
  readonly knn?: KnnResult;
  readonly rankMe: number;
  readonly featureDeviation: number;
  /** Of the numbers that do not carry their own. */
  readonly standardErrors: {
    readonly actionR2: Readonly<Record<TransformationName, number>>;
    readonly rankMe: number;
    readonly featureDeviation: number;
  };
  readonly verdict: string;
  readonly protocol: Readonly<Record<string, string | number>>;
}

const plusMinus = (value: number, error: number | undefined, digits = 3): string =>
  `${value.toFixed(digits)}${error === undefined || Number.isNaN(error) ? '' : ` ± ${error.toFixed(digits)}`}`;

/** An evaluation in words. */
export function describeEvaluation(evaluation: Evaluation): string {
  const { run, mrr, actionR2, knn, standardErrors, protocol } = evaluation;
  const byAction = Object.entries(mrr.byAction).map(
    ([name, { value, standardError }]) => `${name} ${plusMinus(value, standardError)}`,
  );
  const fits = Object.entries(actionR2).map(
    ([name, value]) => `${name} ${plusMinus(value, standardErrors.actionR2[name as keyof typeof actionR2])}`,
  );
  return [
    run,
    `MRR        ${plusMinus(mrr.value, mrr.standardError)} (L2 ${plusMinus(mrr.l2, mrr.l2StandardError)}; chance ${mrr.chance.toFixed(3)}, bank ${mrr.bank}, ${mrr.images} images × ${mrr.actions} actions)`,
    `  by action ${byAction.join(', ')}`,
    `action R²  ${fits.join(', ')}`,
    knn === undefined
      ? 'k-NN       – (needs labels of the same classes in images and bank)'
      : `k-NN       ${plusMinus(100 * knn.accuracy, 100 * knn.standardError, 1)} % (k = ${knn.k}, bank ${knn.bank}, ${knn.asked} asked)`,
    `RankMe     ${plusMinus(evaluation.rankMe, standardErrors.rankMe, 1)}, feature deviation ${plusMinus(evaluation.featureDeviation, standardErrors.featureDeviation)}`,
    `verdict    ${evaluation.verdict}`,
    'protocol',
    ...Object.entries(protocol).map(([name, value]) => `  ${name}: ${value}`),
  ].join('\n');
}
