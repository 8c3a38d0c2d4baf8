import { CholeskyDecomposition, Matrix } from 'ml-matrix';
import { purpose, random } from '../random.js';
import {
  actionNames,
  actionVector,
  sampleParameters,
  type TransformationName,
  type ViewParameters,
} from '../world-model/index.js';
import type { EvaluatorConfig } from './programs.js';

/** Strength of the ridge, per row, on standardised features. */
export const RIDGE = 1e-3;

/** An R² on held-out rows, and its standard error over them. */
export interface Fit {
  readonly value: number;
  readonly standardError: number;
}

/** An R² for each number of the action. */
export type ActionR2 = Readonly<Record<TransformationName, Fit>>;

/**
 * Ridge regression of the columns of `y` on standardised columns of `x`.
 * @param x rows [n, p]
 * @param y rows [n, q]
 * @returns what it reads off other rows, [m, p] → [m, q]
 */
export function fitRidge(
  x: readonly Float32Array[],
  y: readonly Float32Array[],
): (rows: readonly Float32Array[]) => Matrix {
  const raw = matrixOf(x);
  const average = raw.mean('column');
  const deviation = raw.standardDeviation('column').map((value) => value || 1);
  const standardised = (rows: Matrix): Matrix => rows.subRowVector(average).divRowVector(deviation);
  const fit = standardised(raw.clone());
  const wanted = matrixOf(y);
  const offset = wanted.mean('column');
  const normal = fit
    .transpose()
    .mmul(fit)
    .add(Matrix.eye(fit.columns, fit.columns).mul(RIDGE * x.length));
  const weights = new CholeskyDecomposition(normal).solve(fit.transpose().mmul(wanted.subRowVector(offset)));
  return (rows) => standardised(matrixOf(rows)).mmul(weights).addRowVector(offset);
}

const matrixOf = (rows: readonly Float32Array[]): Matrix => new Matrix(rows.map((row) => Array.from(row)));

/**
 * How well a linear map reads each column of `y` off the rows of `x`: ridge regression fitted on the first half of
 * the rows, R² on the second (1 perfect, 0 no better than the mean, below 0 worse). A column that never varies there
 * has nothing to be read: its R² is 0. The standard error is that of a ratio of means, to first order.
 * @param x rows [n, p]
 * @param y rows [n, q], n ≥ 2
 */
export function ridgeR2(x: readonly Float32Array[], y: readonly Float32Array[]): Fit[] {
  const half = Math.floor(x.length / 2);
  const answers = fitRidge(x.slice(0, half), y.slice(0, half))(x.slice(half));
  const truth = matrixOf(y.slice(half));
  const centre = truth.mean('column');
  return centre.map((_, column): Fit => {
    const errors = truth.getColumn(column).map((value, row) => (value - answers.get(row, column)) ** 2);
    const spreads = truth.getColumn(column).map((value) => (value - (centre[column] as number)) ** 2);
    const error = errors.reduce((a, b) => a + b, 0);
    const spread = spreads.reduce((a, b) => a + b, 0);
    if (spread === 0) return { value: 0, standardError: 0 };
    const ratio = error / spread;
    const residual = errors.reduce(
      (sum, value, row) => sum + (value - ratio * (spreads[row] as number)) ** 2,
      0,
    );
    return { value: 1 - ratio, standardError: Math.sqrt(residual) / spread };
  });
}

/**
 * R² with which each number of the action is read off the pooled latents of the two views it leads between. Views
 * are drawn as in training, but whole.
 * @param count of images
 * @param pooled features [count, D] of the images after these views
 */
export async function measureActionR2(
  { augmentation, model }: Pick<EvaluatorConfig, 'augmentation' | 'model'>,
  count: number,
  seed: number,
  pooled: (views: readonly ViewParameters[]) => Promise<Float32Array>,
): Promise<ActionR2> {
  const { width } = model.encoder;
  const draw = (view: 'source' | 'target', key: number): ViewParameters[] =>
    Array.from({ length: count }, (_, image) =>
      sampleParameters(random(seed, image, key, purpose.jitter), augmentation, view),
    );
  const sources = draw('source', 0);
  const targets = draw('target', 1);
  const before = await pooled(sources);
  const after = await pooled(targets);
  const rows = sources.map((_, image) => {
    const row = new Float32Array(2 * width);
    row.set(before.subarray(image * width, (image + 1) * width));
    row.set(after.subarray(image * width, (image + 1) * width), width);
    return row;
  });
  const actions = sources.map((source, image) => actionVector(source, targets[image] as ViewParameters));
  const fits = ridgeR2(rows, actions);
  return Object.fromEntries(actionNames.map((name, i) => [name, fits[i] as Fit])) as ActionR2;
}
