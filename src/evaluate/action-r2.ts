import { CholeskyDecomposition, Matrix } from 'ml-matrix';

/** Strength of the ridge, per row, on standardised features. */
export const RIDGE = 1e-3;

/**
 * How well a linear map reads each column of `y` off the rows of `x`: ridge regression fitted on the first half of
 * the rows, R² on the second (1 perfect, 0 no better than the mean, below 0 worse).
 * @param x rows [n, p]; @param y rows [n, q]
 */
export function ridgeR2(x: readonly Float32Array[], y: readonly Float32Array[]): number[] {
  const half = Math.floor(x.length / 2);
  const raw = new Matrix(x.map((row) => Array.from(row)));
  const fitting = raw.subMatrix(0, half - 1, 0, raw.columns - 1);
  const average = fitting.mean('column');
  const deviation = fitting.standardDeviation('column').map((value) => value || 1);
  const rows = raw.subRowVector(average).divRowVector(deviation);
  const fit = rows.subMatrix(0, half - 1, 0, rows.columns - 1);
  const rest = rows.subMatrix(half, rows.rows - 1, 0, rows.columns - 1);
  const wanted = new Matrix(y.map((row) => Array.from(row)));
  const fitWanted = wanted.subMatrix(0, half - 1, 0, wanted.columns - 1);
  const offset = fitWanted.mean('column');
  const normal = fit
    .transpose()
    .mmul(fit)
    .add(Matrix.eye(fit.columns, fit.columns).mul(RIDGE * half));
  const weights = new CholeskyDecomposition(normal).solve(
    fit.transpose().mmul(fitWanted.subRowVector(offset)),
  );
  const answers = rest.mmul(weights).addRowVector(offset);
  const truth = wanted.subMatrix(half, wanted.rows - 1, 0, wanted.columns - 1);
  const centre = truth.mean('column');
  return offset.map((_, column) => {
    let error = 0;
    let spread = 0;
    for (let row = 0; row < truth.rows; row++) {
      error += (truth.get(row, column) - answers.get(row, column)) ** 2;
      spread += (truth.get(row, column) - (centre[column] as number)) ** 2;
    }
    return 1 - error / (spread || 1);
  });
}
