/** An image for people. */
export interface RgbImage {
  readonly size: number;
  /** [size, size, 3] */
  readonly pixels: Uint8Array;
}

/** What a predictor answers for one image as each jitter sweeps from low to high (the paper's Figure 1). */
export interface Sweep {
  readonly original: RgbImage;
  readonly rows: readonly {
    readonly name: string;
    readonly cells: readonly {
      /** The action's component: a difference of factors, hue in circles. */
      readonly value: number;
      /** What the action really gives. */
      readonly wanted: RgbImage;
      /** The bank image whose latents are nearest to the prediction. */
      readonly retrieved: RgbImage;
      /** Rank of the wanted image in the bank; 1 is right. */
      readonly rank: number;
    }[];
  }[];
}

/** An image [3, size, size] in 0..1 as RGB bytes. */
export function toRgb(planes: Float32Array, size: number): RgbImage {
  const plane = size * size;
  const pixels = new Uint8Array(3 * plane);
  for (let i = 0; i < plane; i++)
    for (let channel = 0; channel < 3; channel++)
      pixels[3 * i + channel] = Math.round(
        255 * Math.min(1, Math.max(0, planes[channel * plane + i] as number)),
      );
  return { size, pixels };
}
