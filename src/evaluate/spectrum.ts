import { EigenvalueDecomposition, Matrix } from 'ml-matrix';

/** Second moments FᵀF / n of features [n, width]. */
function moments(features: Float32Array, width: number): Matrix {
  const rows = new Matrix(features.length / width, width);
  for (let i = 0; i < features.length; i++) rows.set(Math.floor(i / width), i % width, features[i] as number);
  return rows
    .transpose()
    .mmul(rows)
    .div(features.length / width);
}

/**
 * RankMe (Garrido et al. 2023): the exponential of the entropy of the singular values' shares; the number of
 * directions that the features [n, width] in effect use, 1 … width.
 */
export function rankMe(features: Float32Array, width: number): number {
  const eigenvalues = new EigenvalueDecomposition(moments(features, width), { assumeSymmetric: true })
    .realEigenvalues;
  const singular = eigenvalues.map((value) => Math.sqrt(Math.max(0, value)));
  const total = singular.reduce((a, b) => a + b, 0);
  const entropy = singular.reduce((sum, value) => {
    const share = value / total + 1e-7;
    return sum - share * Math.log(share);
  }, 0);
  return Math.exp(entropy);
}

/**
 * Standard deviation of unit-length features over the images, averaged over the features, times √width: about 1 when
 * they point everywhere, 0 when they are all alike.
 */
export function featureDeviation(features: Float32Array, width: number): number {
  const count = features.length / width;
  const unit = new Float64Array(features.length);
  for (let row = 0; row < count; row++) {
    const vector = features.subarray(row * width, (row + 1) * width);
    const length = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0)) || 1;
    for (let i = 0; i < width; i++) unit[row * width + i] = (vector[i] as number) / length;
  }
  let total = 0;
  for (let i = 0; i < width; i++) {
    let sum = 0;
    let squares = 0;
    for (let row = 0; row < count; row++) {
      const value = unit[row * width + i] as number;
      sum += value;
      squares += value * value;
    }
    total += Math.sqrt(Math.max(0, squares / count - (sum / count) ** 2));
  }
  return (total / width) * Math.sqrt(width);
}
