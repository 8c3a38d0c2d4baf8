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
 * directions that the features [n, width], not centred, in effect use, 1 … min(n, width). 1 where all are zero.
 */
export function rankMe(features: Float32Array, width: number): number {
  const eigenvalues = new EigenvalueDecomposition(moments(features, width), { assumeSymmetric: true })
    .realEigenvalues;
  const singular = eigenvalues.map((value) => Math.sqrt(Math.max(0, value)));
  const total = singular.reduce((a, b) => a + b, 0);
  if (total === 0) return 1;
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

/**
 * Standard error of a number computed from all rows at once, by the jackknife: the rows in `groups` equal parts (a
 * remainder stays in), the number computed again without each.
 * @param features [n, width]
 */
export function jackknifeError(
  features: Float32Array,
  width: number,
  measure: (features: Float32Array, width: number) => number,
  groups = 8,
): number {
  const part = Math.floor(features.length / width / groups) * width;
  if (part === 0) return Number.NaN;
  const values = Array.from({ length: groups }, (_, group) => {
    const rest = new Float32Array(features.length - part);
    rest.set(features.subarray(0, group * part));
    rest.set(features.subarray((group + 1) * part), group * part);
    return measure(rest, width);
  });
  const average = values.reduce((a, b) => a + b, 0) / groups;
  const squares = values.reduce((sum, value) => sum + (value - average) ** 2, 0);
  return Math.sqrt(((groups - 1) / groups) * squares);
}
