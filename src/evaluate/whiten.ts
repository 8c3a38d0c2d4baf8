import { EigenvalueDecomposition, Matrix } from 'ml-matrix';
import type { Compiled } from '../engine/index.js';
import { matmul, spec, sub, type Tensor, trace, transposeLast } from '../tensor/index.js';

/** Added to the variance of every direction, as a share of their mean: the last ones are noise. */
export const WHITENING_RIDGE = 0.001;

/** Rows in one product. */
const ROWS = 4096;

/** Maps features [n, D] so that those it was fitted to vary as much in every direction, and in none together. */
export type Whiten = (features: Float32Array) => Promise<Float32Array>;

/** Each row less the mean, times a matrix [D, D]. */
const traceWhiten = (rows: number, width: number) =>
  trace(
    'whiten',
    { rows: spec([rows, width]), mean: spec([width]), matrix: spec([width, width]) },
    ({ rows, mean, matrix }) => ({ whitened: matmul(sub(rows as Tensor, mean as Tensor), matrix as Tensor) }),
  );

/** The sum of the rows' products with themselves, [D, D]. */
const traceProducts = (rows: number, width: number) =>
  trace('products', { rows: spec([rows, width]), mean: spec([width]) }, ({ rows, mean }) => {
    const centred = sub(rows as Tensor, mean as Tensor);
    return { products: matmul(transposeLast(centred), centred) };
  });

/** A set of rows at a time. */
function* partsOf(features: Float32Array, width: number): Generator<{ part: Float32Array; rows: number }> {
  for (let at = 0; at < features.length; at += ROWS * width) {
    const part = features.subarray(at, at + ROWS * width);
    yield { part, rows: part.length / width };
  }
}

function meanOf(features: Float32Array, width: number): Float32Array {
  const sums = new Float64Array(width);
  features.forEach((value, i) => {
    sums[i % width] = (sums[i % width] as number) + value;
  });
  return Float32Array.from(sums, (sum) => (sum * width) / features.length);
}

/**
 * What whitens features by their principal directions: x ↦ (x − mean) · V (Λ + ε)^−½, where V Λ Vᵀ is their covariance and ε
 * {@link WHITENING_RIDGE} of the mean of Λ. A cosine of latents sees the few directions of most variance, colours and light among them;
 * whitened it sees all.
 * @param features [n, D] that it is fitted to
 */
export async function fitWhitening(
  compiled: Compiled,
  features: Float32Array,
  width: number,
): Promise<Whiten> {
  const mean = meanOf(features, width);
  const covariance = new Matrix(width, width);
  for (const { part, rows } of partsOf(features, width)) {
    const inputs = { rows: part, mean };
    const { products } = await compiled.run(
      `products ${rows} ${width}`,
      () => traceProducts(rows, width),
      inputs,
    );
    covariance.add(Matrix.from1DArray(width, width, Array.from(products)));
  }
  covariance.div(features.length / width);
  const { eigenvectorMatrix, realEigenvalues } = new EigenvalueDecomposition(covariance, {
    assumeSymmetric: true,
  });
  // Where all features are alike nothing is to be divided by.
  const ridge = (WHITENING_RIDGE * covariance.trace()) / width || 1;
  const scales = realEigenvalues.map((value) => 1 / Math.sqrt(Math.max(0, value) + ridge));
  const matrix = Float32Array.from(eigenvectorMatrix.mulRowVector(scales).to1DArray());
  return async (features) => {
    const out = new Float32Array(features.length);
    let at = 0;
    for (const { part, rows } of partsOf(features, width)) {
      const inputs = { rows: part, mean, matrix };
      const { whitened } = await compiled.run(
        `whiten ${rows} ${width}`,
        () => traceWhiten(rows, width),
        inputs,
      );
      out.set(whitened, at);
      at += part.length;
    }
    return out;
  };
}
