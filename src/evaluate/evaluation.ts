import { count, percent } from '../words.js';
import type { TransformationName } from '../world-model/index.js';
import type { KnnResult } from './knn.js';
import type { MrrResult } from './mrr.js';
import { describeShare } from './proportion.js';

/** Everything measured of a run, and how. What would tell nothing is absent, and `notes` say why. */
export interface Evaluation {
  readonly run: string;
  /** How everything is measured that is, by what it is about. */
  readonly protocol: Readonly<Record<string, string | number>>;
  /** Also with only one jitter varied, for each that training varies, of the images that it changes. */
  readonly mrr: MrrResult & { readonly byAction: Readonly<Record<string, MrrResult>> };
  readonly actionR2?: Readonly<Record<TransformationName, number>>;
  readonly knn?: KnnResult;
  /** The same of features whitened on the bank. */
  readonly whitenedKnn?: KnnResult;
  readonly rankMe?: number;
  readonly featureDeviation?: number;
  /** Of the numbers that do not carry their own. */
  readonly standardErrors?: {
    readonly actionR2: Readonly<Record<TransformationName, number>>;
    readonly rankMe: number;
    readonly featureDeviation: number;
  };
  /** Why something is absent, and what of the images was left out: a sentence each. */
  readonly notes: readonly string[];
  readonly verdict: string;
}

const plusMinus = (value: number, error: number | undefined, digits = 3): string =>
  `${value.toFixed(digits)}${error === undefined ? '' : ` ± ${error.toFixed(digits)}`}`;

/** An evaluation in words; the numbers last. */
export function describeEvaluation(evaluation: Evaluation): string {
  const { run, protocol, mrr, knn, whitenedKnn, notes, verdict } = evaluation;
  const byAction = Object.entries(mrr.byAction).map(
    ([name, { value, standardError }]) => `${name} ${plusMinus(value, standardError)}`,
  );
  return [
    run,
    'protocol',
    ...Object.entries(protocol).map(([name, value]) => `  ${name}: ${value}`),
    `MRR        ${plusMinus(mrr.value, mrr.standardError)} (L2 ${plusMinus(mrr.l2, mrr.l2StandardError)}; chance ${mrr.chance.toFixed(3)}, bank ${mrr.bank}, ${count(mrr.images, 'image')} × ${count(mrr.actions, 'action')})`,
    ...(byAction.length > 0 ? [`  by action ${byAction.join(', ')}`] : []),
    ...describeSpectrum(evaluation),
    ...(knn === undefined
      ? []
      : [
          `k-NN       ${describeShare(knn.accuracy, knn.interval)}, always the commonest class ${percent(knn.commonest)} (k = ${knn.k}, bank ${knn.bank.toLocaleString('en-US')}, ${knn.asked.toLocaleString('en-US')} asked)`,
        ]),
    ...(whitenedKnn === undefined
      ? []
      : [`  whitened ${describeShare(whitenedKnn.accuracy, whitenedKnn.interval)}`]),
    ...notes.map((note) => `note       ${note}`),
    `verdict    ${verdict}`,
  ].join('\n');
}

function describeSpectrum({ actionR2, rankMe, featureDeviation, standardErrors }: Evaluation): string[] {
  if (!actionR2 || rankMe === undefined || featureDeviation === undefined || !standardErrors) return [];
  const fits = Object.entries(actionR2).map(
    ([name, value]) => `${name} ${plusMinus(value, standardErrors.actionR2[name as TransformationName])}`,
  );
  return [
    `action R²  ${fits.join(', ')}`,
    `RankMe     ${plusMinus(rankMe, standardErrors.rankMe, 1)}, feature deviation ${plusMinus(featureDeviation, standardErrors.featureDeviation)}`,
  ];
}
