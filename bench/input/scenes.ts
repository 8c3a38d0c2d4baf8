import sharp from 'sharp';
import { drawScene } from '../../src/data/scene.js';

/** Synthetic scene number `index`, size × size pixels, as a JPEG file. */
export function sceneJpeg(index: number, size: number): Promise<Buffer> {
  const pixels = new Uint8Array(size * size * 3);
  drawScene(index, size, pixels);
  return sharp(pixels, { raw: { width: size, height: size, channels: 3 } })
    .jpeg()
    .toBuffer();
}
