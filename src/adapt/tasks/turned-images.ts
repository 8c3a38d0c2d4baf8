import type { BadSample, ImageSet } from '../../data/image-set.js';

/** The images of a set, each turned counter-clockwise by a number of quarters; without labels. */
export class TurnedImages implements ImageSet {
  readonly classes = undefined;
  readonly labels = undefined;

  /** @param quarters of each image, 0 … 3 */
  constructor(
    private readonly images: ImageSet,
    private readonly quarters: Int32Array,
  ) {}

  get source(): string {
    return this.images.source;
  }

  get split(): ImageSet['split'] {
    return this.images.split;
  }

  get description(): string {
    return this.images.description;
  }

  get notes(): readonly string[] {
    return this.images.notes;
  }

  get length(): number {
    return this.images.length;
  }

  get size(): number {
    return this.images.size;
  }

  async batch(indices: ArrayLike<number>): Promise<Float32Array> {
    const pixels = await this.images.batch(indices);
    const each = 3 * this.size ** 2;
    Array.from(indices).forEach((index, i) => {
      const image = pixels.subarray(i * each, (i + 1) * each);
      image.set(turned(image, this.size, this.quarters[index] as number));
    });
    return pixels;
  }

  bad(indices: ArrayLike<number>): Promise<ReadonlyMap<number, BadSample>> {
    return this.images.bad(indices);
  }

  name(index: number): string {
    return this.images.name(index);
  }

  /** Those of the images as they are upright: a picture is the same however it is turned. */
  digests(indices: ArrayLike<number>): Promise<readonly string[]> {
    return this.images.digests(indices);
  }

  prefetch(order?: ArrayLike<number>): void {
    this.images.prefetch(order);
  }

  subset(indices: Int32Array): ImageSet {
    const quarters = indices.map((index) => this.quarters[index] as number);
    return new TurnedImages(this.images.subset(indices), quarters);
  }

  close(): Promise<void> {
    return this.images.close();
  }
}

/** A square image of planes [3, size, size], turned counter-clockwise by so many quarters. */
function turned(image: Float32Array, size: number, quarters: number): Float32Array {
  const out = new Float32Array(image.length);
  const last = size - 1;
  for (let plane = 0; plane < image.length; plane += size * size)
    for (let row = 0; row < size; row++)
      for (let column = 0; column < size; column++) {
        const [fromRow, fromColumn] = (
          [
            [row, column],
            [column, last - row],
            [last - row, last - column],
            [last - column, row],
          ] as const
        )[quarters] as readonly [number, number];
        out[plane + row * size + column] = image[plane + fromRow * size + fromColumn] as number;
      }
  return out;
}
