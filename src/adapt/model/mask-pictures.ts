import { encode } from 'fast-png';
import sharp from 'sharp';
import type { RgbImage } from '../../data/encoded-image.js';
import type { Mask } from '../../data/mask.js';
import { classColour, hex } from './colours.js';

/** The colours of all classes that a mask's byte can stand for. */
const COLOURS = Array.from({ length: 256 }, (_, i) => classColour(i));

/** A mask as a PNG file: a place in a palette for every pixel, which is its class, as annotations have it. */
export function maskPng({ width, height, data }: Mask, classes: number): Uint8Array {
  const palette = COLOURS.slice(0, classes).map((colour) => [...colour]);
  return encode({ width, height, data, channels: 1, depth: 8, palette });
}

/** Share of a class's colour in the overlay. */
const COVER = 0.5;

/**
 * An image with its classes' colours over it.
 * @param data RGB bytes of each pixel
 * @param classes of each pixel; below 0: none, and the image's own colour
 */
export function overlaid(data: Uint8Array, classes: ArrayLike<number>): Uint8Array {
  return data.map((own, at) => {
    const colour = COLOURS[classes[Math.floor(at / 3)] as number];
    return colour === undefined ? own : Math.round((1 - COVER) * own + COVER * (colour[at % 3] as number));
  });
}

/** The image with its classes' colours over it, as a PNG file. @param image of the mask's size */
export async function overlayPng({ width, height, data }: RgbImage, mask: Mask): Promise<Uint8Array> {
  return sharp(overlaid(data, mask.data), { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer();
}

/** A class in the legend. */
export interface LegendEntry {
  /** Its number, as in the mask. */
  readonly class: number;
  readonly label: string;
  /** `#4f86c6` */
  readonly colour: string;
}

/** The classes that a mask may show. */
export function legendOf(classes: readonly string[], ignored: number | undefined): LegendEntry[] {
  return classes.flatMap((label, i) =>
    i === ignored ? [] : [{ class: i, label, colour: hex(classColour(i)) }],
  );
}

const ROW = 24;

/** A legend as an SVG drawing: a square of its colour, number and name for every class. */
export function legendSvg(legend: readonly LegendEntry[]): string {
  const escaped = (text: string): string =>
    text.replace(/[&<>]/g, (sign) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;' })[sign] ?? sign);
  const width = 60 + 9 * Math.max(...legend.map(({ label }) => label.length + 4));
  const height = ROW * legend.length + 8;
  const rows = legend.map(
    ({ class: number, label, colour }, i) =>
      `<rect x="8" y="${ROW * i + 8}" width="16" height="16" fill="${colour}"/><text x="34" y="${ROW * i + 21}">${number} ${escaped(label)}</text>`,
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" font-family="sans-serif" font-size="14">`,
    '<rect width="100%" height="100%" fill="white"/>',
    ...rows,
    '</svg>\n',
  ].join('\n');
}
