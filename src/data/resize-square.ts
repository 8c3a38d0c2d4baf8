/** Bytes of a pixel: red, green, blue, and one that does not matter. */
const CHANNELS = 4;
/** How many times too large an image stays that is first made smaller by whole numbers, as that is quicker. */
const GAP = 2;

/** Pixels [height, width, 4]. */
interface Image {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array | Uint8ClampedArray;
}

/**
 * Resizes the shorter side of an image to `size` and keeps the middle, as sharp does: means of whole pixels down to twice
 * the size, then Lanczos 3, widened by the reduction.
 * @param image opaque
 * @returns RGB bytes [size, size, 3]
 */
export function resizeSquare(image: Image, size: number): Uint8Array {
  const shorter = Math.min(image.width, image.height);
  const factor = Math.max(1, Math.floor(shorter / size / GAP));
  const small = factor === 1 ? image : shrink(image, factor);
  const [columns, rows] = [image.width, image.height].map((length) =>
    axis(length, shorter, factor, size),
  ) as [Taps[], Taps[]];
  const wide = new Float64Array(size * small.width * 3);
  // Rows first, then columns.
  rows.forEach((taps, row) => {
    for (let column = 0; column < small.width; column++)
      for (let channel = 0; channel < 3; channel++) {
        let sum = 0;
        for (const { place, weight } of taps)
          sum += weight * (small.data[(place * small.width + column) * CHANNELS + channel] as number);
        wide[(row * small.width + column) * 3 + channel] = sum;
      }
  });
  // Clamped as it rounds: the kernel is negative in places.
  const out = new Uint8ClampedArray(size * size * 3);
  for (let row = 0; row < size; row++)
    columns.forEach((taps, column) => {
      for (let channel = 0; channel < 3; channel++) {
        let sum = 0;
        for (const { place, weight } of taps)
          sum += weight * (wide[(row * small.width + place) * 3 + channel] as number);
        out[(row * size + column) * 3 + channel] = sum;
      }
    });
  return new Uint8Array(out.buffer);
}

/** The mean of every `factor` × `factor` pixels; the last pixels stand for those that are missing at the ends. */
function shrink({ width, height, data }: Image, factor: number): Image {
  const [columns, rows] = [Math.ceil(width / factor), Math.ceil(height / factor)];
  const sums = new Uint32Array(columns * CHANNELS);
  const out = new Uint8Array(columns * rows * CHANNELS);
  for (let row = 0; row < rows; row++) {
    sums.fill(0);
    for (let down = 0; down < factor; down++) {
      const line = Math.min(row * factor + down, height - 1) * width;
      for (let x = 0; x < columns * factor; x++) {
        const from = (line + Math.min(x, width - 1)) * CHANNELS;
        const to = Math.floor(x / factor) * CHANNELS;
        for (let channel = 0; channel < 3; channel++)
          sums[to + channel] = (sums[to + channel] as number) + (data[from + channel] as number);
      }
    }
    for (const [i, sum] of sums.entries()) out[row * sums.length + i] = Math.round(sum / factor ** 2);
  }
  return { width: columns, height: rows, data: out };
}

/** What one sample is the sum of. */
type Taps = readonly { readonly place: number; readonly weight: number }[];

/**
 * The middle `size` samples of an axis.
 * @param length of the axis, pixels, before it was made smaller by `factor`
 * @param shorter length of the shorter axis
 */
function axis(length: number, shorter: number, factor: number, size: number): Taps[] {
  const whole = Math.round((length * size) / shorter);
  const scale = shorter / size / factor;
  const isLarger = scale < 1;
  // Samples of what is made smaller lie about the image's middle; of what is made larger, sharp counts from its corner.
  const start = isLarger ? -0.5 : (length / factor - whole * scale + scale) / 2 - 0.5;
  const end = Math.ceil(length / factor) - 1;
  const { kernel, reach } = isLarger ? cubic : lanczos;
  const widening = Math.max(scale, 1);
  const offset = Math.ceil((whole - size) / 2);
  return Array.from({ length: size }, (_, sample) => {
    const centre = start + (offset + sample) * scale;
    const first = Math.ceil(centre - reach * widening);
    const count = Math.floor(centre + reach * widening) - first + 1;
    const weights = Array.from({ length: count }, (_, i) => kernel((first + i - centre) / widening));
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    return weights.map((weight, i) => ({
      place: Math.min(end, Math.max(0, first + i)),
      weight: weight / total,
    }));
  });
}

/** A function of the distance in pixels, 0 from `reach` on. */
interface Kernel {
  readonly kernel: (x: number) => number;
  readonly reach: number;
}

const sinc = (x: number): number => (x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x));
const lanczos: Kernel = {
  reach: 3,
  kernel: (x) => (Math.abs(x) < 3 ? sinc(x) * sinc(x / 3) : 0),
};
/** Catmull and Rom's, for what is made larger. */
const cubic: Kernel = {
  reach: 2,
  kernel: (x) => {
    const d = Math.abs(x);
    if (d < 1) return 1 - d * d * (2.5 - 1.5 * d);
    return d < 2 ? 2 - d * (4 - d * (2.5 - 0.5 * d)) : 0;
  },
};
