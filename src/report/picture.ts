import sharp from 'sharp';
import { type Html, html } from './html.js';

/** Up to this size, pixels of the longer side, pictures are shown enlarged, with their pixels as squares. */
const SMALL = 64;

/** RGB bytes [height, width, 3]. */
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
  const image = sharp(data, { raw: { width, height, channels: 3 } });
  const png = await (longer > largest ? image.resize(largest, largest, { fit: 'inside' }) : image)
    .png({ compressionLevel: 9 })
    .toBuffer();
  const look = longer <= SMALL ? html` class="pixelated"` : undefined;
  return html`<img${look} alt="${alt}" src="data:image/png;base64,${png.toString('base64')}">`;
}
