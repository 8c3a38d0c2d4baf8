import sharp from 'sharp';
import type { RgbImage } from '../evaluate/retrieval.js';
import { type Content, type Html, html } from './html.js';

/** Up to this size, pixels of the longer side, pictures are shown enlarged, with their pixels as squares. */
const SMALL = 64;

/** RGB bytes [height, width, 3], or with how opaque they are [height, width, 4]. */
export interface Pixels {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/**
 * An image as PNG inside the page.
 * @param largest it is stored no larger than this, pixels of the longer side
 */
export async function picture({ width, height, data }: Pixels, alt: string, largest: number): Promise<Html> {
  const longer = Math.max(width, height);
  const channels = data.length === 4 * width * height ? 4 : 3;
  const image = sharp(data, { raw: { width, height, channels } });
  const png = await (longer > largest ? image.resize(largest, largest, { fit: 'inside' }) : image)
    .png({ compressionLevel: 9 })
    .toBuffer();
  const look = longer <= SMALL ? html` class="pixelated"` : undefined;
  return html`<img${look} alt="${alt}" src="data:image/png;base64,${png.toString('base64')}">`;
}

/** Square pictures are stored no larger than this, pixels a side: a page of hundreds of them must stay light. */
const LARGEST = 96;

/** A square image as PNG inside the page, as it is or scaled down. */
export const square = ({ size, pixels }: RgbImage, alt: string): Promise<Html> =>
  picture({ width: size, height: size, data: pixels }, alt, LARGEST);

/** A figure with its words below. */
export const captioned = (image: Html, words: Content): Html =>
  html`<figure>${image}<p>${words}</p></figure>`;

/** Where the right answer came: a tick, or its rank. */
export const mark = (rank: number): Html => html`<small>${rank === 1 ? '✓' : rank}</small>`;
