/** Rounds of subspace iteration; components of an image's latents are far enough apart for few. */
const ROUNDS = 30;
/** Standard deviations from the mean at which a colour's channel is full or empty. */
const SPREAD = 2.2;

/** Latents, tokens [N, width], as colours: RGB bytes [N, 3]. */
export type LatentColours = (latents: Float32Array) => Uint8Array;

/**
 * Colours by the three directions in which tokens differ most (their first principal components, found by subspace
 * iteration): red, green and blue; those of the mean token are half full.
 * @param tokens [n, width], n ≥ 1
 */
export function latentColours(tokens: Float32Array, width: number): LatentColours {
  const count = tokens.length / width;
  const mean = new Float64Array(width);
  for (let i = 0; i < tokens.length; i++)
    mean[i % width] = (mean[i % width] as number) + (tokens[i] as number) / count;
  const projected = (latents: Float32Array, first: number, axis: Float64Array): number => {
    let sum = 0;
    for (let i = 0; i < width; i++)
      sum += ((latents[first + i] as number) - (mean[i] as number)) * (axis[i] as number);
    return sum;
  };
  // Of every four features one each: together they must not be constant, as a token's features often sum to 0.
  let axes: Float64Array[] = [0, 1, 2].map((k) =>
    Float64Array.from({ length: width }, (_, i) => (i % 4 === k ? 1 : 0)),
  );
  for (let round = 0; round < ROUNDS; round++)
    axes = orthonormal(
      axes.map((axis) => {
        const next = new Float64Array(width);
        for (let first = 0; first < tokens.length; first += width) {
          const along = projected(tokens, first, axis);
          for (let i = 0; i < width; i++)
            next[i] = (next[i] as number) + along * ((tokens[first + i] as number) - (mean[i] as number));
        }
        return next;
      }),
    );
  const deviations = axes.map((axis) => {
    let squares = 0;
    for (let first = 0; first < tokens.length; first += width) squares += projected(tokens, first, axis) ** 2;
    return Math.sqrt(squares / count) || 1;
  });
  return (latents) => {
    const colours = new Uint8Array((3 * latents.length) / width);
    for (let token = 0; token < latents.length / width; token++)
      axes.forEach((axis, k) => {
        const share = projected(latents, token * width, axis) / (SPREAD * (deviations[k] as number));
        colours[3 * token + k] = Math.round(127.5 + 127.5 * Math.max(-1, Math.min(1, share)));
      });
    return colours;
  };
}

/** Gram–Schmidt; an axis of which nothing is left stays 0. */
function orthonormal(axes: readonly Float64Array[]): Float64Array[] {
  const found: Float64Array[] = [];
  for (const axis of axes) {
    for (const other of found) {
      const along = axis.reduce((sum, value, i) => sum + value * (other[i] as number), 0);
      for (let i = 0; i < axis.length; i++) axis[i] = (axis[i] as number) - along * (other[i] as number);
    }
    const length = Math.hypot(...axis);
    found.push(axis.map((value) => (length > 1e-12 ? value / length : 0)));
  }
  return found;
}
