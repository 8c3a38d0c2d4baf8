import type { Compiled } from '../../engine/index.js';
import { matmul, spec, type Tensor, trace, transpose } from '../../tensor/index.js';
import { type DenseHeadConfig, upsamplingMatrix } from '../network/dense-head.js';

/** Upsampled logits computed at a time, so that a large image takes no more memory than a small one. */
const MOST_LOGITS = 2 ** 22;

/** Logits of one image's tokens → those of some rows of pixels, [classes, height, width]; both sizes are open. */
function traceUpsampling({ side, classes }: DenseHeadConfig) {
  const specs = {
    logits: spec([side, side, classes]),
    rows: spec(['height', side]),
    columns: spec(['width', side]),
  };
  return trace('upsampling', specs, (inputs) => {
    const { logits, rows, columns } = inputs as { logits: Tensor; rows: Tensor; columns: Tensor };
    const planes = transpose(logits, [2, 0, 1]);
    return { upsampled: matmul(matmul(rows, planes), transpose(columns, [1, 0])) };
  });
}

/**
 * The class of every pixel: that of the largest logit, the lowest at ties.
 * @param logits of one image's tokens, [side², classes]
 * @param size of the image, pixels
 * @param ignored a class that is never told
 * @returns bytes [height, width]
 * @throws Error where a logit is not finite
 */
export async function toldClasses(
  compiled: Compiled,
  logits: Float32Array,
  config: DenseHeadConfig,
  { width, height }: { readonly width: number; readonly height: number },
  ignored?: number,
): Promise<Uint8Array> {
  if (!logits.every(Number.isFinite)) throw new Error('a logit is not finite');
  const { side, classes } = config;
  const rows = upsamplingMatrix(config, height);
  const columns = upsamplingMatrix(config, width);
  const strip = Math.max(1, Math.floor(MOST_LOGITS / (width * classes)));
  const out = new Uint8Array(width * height);
  for (let top = 0; top < height; top += strip) {
    const { upsampled } = await compiled.run(
      `upsampling ${side} ${classes}`,
      () => traceUpsampling(config) as never,
      { logits, rows: rows.subarray(top * side, (top + strip) * side), columns },
    );
    writeLargest(upsampled as Float32Array, out.subarray(top * width, (top + strip) * width), ignored);
  }
  return out;
}

/** Of planes of numbers [classes, pixels] the plane of each pixel's largest. */
function writeLargest(planes: Float32Array, out: Uint8Array, ignored: number | undefined): void {
  const pixels = out.length;
  const largest = new Float32Array(pixels).fill(Number.NEGATIVE_INFINITY);
  for (let plane = 0; plane * pixels < planes.length; plane++) {
    if (plane === ignored) continue;
    for (let pixel = 0, at = plane * pixels; pixel < pixels; pixel++, at++)
      if ((planes[at] as number) > (largest[pixel] as number)) {
        largest[pixel] = planes[at] as number;
        out[pixel] = plane;
      }
  }
}
