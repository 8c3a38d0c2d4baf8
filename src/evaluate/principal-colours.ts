import { EigenvalueDecomposition, Matrix } from 'ml-matrix';

/** Standard deviations from the mean at which a colour is full. */
const FULL = 2;

/**
 * Latents as colours: the first three principal components as red, green and blue, each from −2 to 2 standard deviations.
 * @param fitted latents [n, width] that the components are those of
 * @returns gives latents [m, width] their colours, bytes [m, 3]
 */
export function principalColours(
  fitted: Float32Array,
  width: number,
): (latents: Float32Array) => Uint8Array<ArrayBuffer> {
  const rows = asMatrix(fitted, width);
  const centre = rows.mean('column');
  const centred = rows.subRowVector(centre);
  const covariance = centred.transpose().mmul(centred).div(rows.rows);
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(covariance, {
    assumeSymmetric: true,
  });
  const order = [...realEigenvalues.keys()].sort(
    (a, b) => (realEigenvalues[b] as number) - (realEigenvalues[a] as number),
  );
  const components = order.slice(0, 3).map((column) => {
    const axis = eigenvectorMatrix.getColumn(column);
    // Its sign is arbitrary: the largest weight is positive.
    const largest = axis.reduce((most, weight) => (Math.abs(weight) > Math.abs(most) ? weight : most), 0);
    const scale = Math.sign(largest) / (FULL * Math.sqrt(Math.max(realEigenvalues[column] as number, 1e-12)));
    return axis.map((weight) => weight * scale);
  });
  return (latents) => {
    const scores = asMatrix(latents, width).subRowVector(centre).mmul(new Matrix(components).transpose());
    const colours = new Uint8Array(3 * scores.rows);
    for (let i = 0; i < colours.length; i++) {
      const score = scores.get(Math.floor(i / 3), i % 3);
      colours[i] = Math.round(127.5 * (1 + Math.min(1, Math.max(-1, score))));
    }
    return colours;
  };
}

function asMatrix(numbers: Float32Array, width: number): Matrix {
  return new Matrix(
    Array.from({ length: numbers.length / width }, (_, row) =>
      Array.from(numbers.subarray(row * width, (row + 1) * width)),
    ),
  );
}
