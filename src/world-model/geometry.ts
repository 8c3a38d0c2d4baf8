import type { Random } from '../random.js';
import { type Dim, matmul, reshape, size, type Tensor, transposeLast } from '../tensor/index.js';

/** A rectangle of an image, in pixels of that image. */
export interface Crop {
  readonly top: number;
  readonly left: number;
  readonly height: number;
  readonly width: number;
}

/** How crops are drawn: area as a fraction of the image's, and the range of width / height. */
export interface CropConfig {
  readonly scale: readonly [number, number];
  readonly ratio: readonly [number, number];
}

/**
 * A random crop as torchvision's RandomResizedCrop draws it: area uniform in `scale`, logarithm of the aspect
 * ratio uniform in `ratio`, ten tries to fit, then the largest central crop whose ratio is in range.
 * @returns whole pixels inside an image of `height` × `width`
 */
export function sampleCrop(
  random: Random,
  { height, width }: { readonly height: number; readonly width: number },
  { scale, ratio }: CropConfig,
): Crop {
  for (let attempt = 0; attempt < 10; attempt++) {
    const area = height * width * random.between(scale[0], scale[1]);
    const aspect = Math.exp(random.between(Math.log(ratio[0]), Math.log(ratio[1])));
    const w = Math.round(Math.sqrt(area * aspect));
    const h = Math.round(Math.sqrt(area / aspect));
    if (w > 0 && h > 0 && w <= width && h <= height)
      return {
        top: random.integer(height - h + 1),
        left: random.integer(width - w + 1),
        height: h,
        width: w,
      };
  }
  const aspect = width / height;
  const w = aspect > ratio[1] ? Math.round(height * ratio[1]) : width;
  const h = aspect < ratio[0] ? Math.round(width / ratio[0]) : height;
  return { top: Math.floor((height - h) / 2), left: Math.floor((width - w) / 2), height: h, width: w };
}

/**
 * One axis of a resampling as a matrix, row-major [outSize, inSize]: `matrix · signal` is the interval
 * [start, start + length) of the signal at `outSize` samples. The filter is Pillow's `Image.resize(…, BILINEAR,
 * box=…)`: a triangle, widened by the reduction when it reduces (antialiasing), never narrower than one input
 * pixel, cut at the signal's ends and scaled to sum to one. A whole image is `rows · X · columnsᵀ`.
 * @param start in input pixels, may be fractional
 * @param flip mirrors the output
 * @param out written at `offset`, where given; its part must hold zeros
 */
export function resizeMatrix(
  outSize: number,
  inSize: number,
  start: number,
  length: number,
  flip = false,
  out = new Float32Array(outSize * inSize),
  offset = 0,
): Float32Array {
  const scale = length / outSize;
  const support = Math.max(scale, 1);
  for (let sample = 0; sample < outSize; sample++) {
    const center = start + (sample + 0.5) * scale;
    const first = Math.max(0, Math.trunc(center - support + 0.5));
    const end = Math.min(inSize, Math.trunc(center + support + 0.5));
    let total = 0;
    for (let pixel = first; pixel < end; pixel++) total += triangle((pixel - center + 0.5) / support);
    const row = offset + (flip ? outSize - 1 - sample : sample) * inSize;
    for (let pixel = first; pixel < end; pixel++)
      out[row + pixel] = triangle((pixel - center + 0.5) / support) / total;
  }
  return out;
}

function triangle(distance: number): number {
  return Math.max(0, 1 - Math.abs(distance));
}

/**
 * One axis of torchvision's `gaussian_blur` as a matrix, row-major [size, size], with its reflection at the
 * edges folded in. A blurred image is `K · X · Kᵀ`.
 * @param sigma standard deviation in pixels; 0 gives the identity
 * @param kernelSize odd, with kernelSize / 2 < size
 * @param out written at `offset`, where given; its part must hold zeros
 * @throws RangeError when the kernel is even or too large to reflect
 */
export function blurMatrix(
  size: number,
  sigma: number,
  kernelSize: number,
  out = new Float32Array(size * size),
  offset = 0,
): Float32Array {
  const half = (kernelSize - 1) / 2;
  if (!Number.isInteger(half) || half < 0 || half >= size)
    throw new RangeError(`blurMatrix: kernel size ${kernelSize} is not odd or too large for ${size} pixels`);
  const kernel = Float64Array.from({ length: kernelSize }, (_, tap) =>
    sigma === 0 ? Number(tap === half) : Math.exp(-0.5 * ((tap - half) / sigma) ** 2),
  );
  const total = kernel.reduce((sum, weight) => sum + weight, 0);
  for (let row = 0; row < size; row++) {
    kernel.forEach((weight, tap) => {
      const pixel = Math.abs(row + tap - half);
      const at = offset + row * size + (pixel < size ? pixel : 2 * (size - 1) - pixel);
      out[at] = (out[at] ?? 0) + weight / total;
    });
  }
  return out;
}

/** The blur kernel for images of `size` pixels: a tenth of the side, made odd, at least 3 (23 at 224, as in BYOL). */
export function blurKernelSize(size: number): number {
  return 2 * Math.max(1, Math.round(size / 20)) + 1;
}

/**
 * A separable linear map of images, each with its own matrices or all with the same: `rows · X · columnsᵀ` per channel.
 * @param images [B, C, h, w]
 * @param rows [B, 1, H, h] or [1, 1, H, h]
 * @param columns [B, 1, W, w] or [1, 1, W, w]
 * @returns [B, C, H, W]
 */
export function separable(images: Tensor, rows: Tensor, columns: Tensor): Tensor {
  const [batch, channels, height, width] = images.shape as [Dim, number, number, number];
  const outWidth = size(columns, 2);
  // All channels share one product on the right.
  const lines = reshape(images, [batch, channels * height, width]);
  const narrowed = matmul(lines, transposeLast(reshape(columns, [columns.shape[0] as Dim, outWidth, width])));
  return matmul(rows, reshape(narrowed, [batch, channels, height, outWidth]));
}
