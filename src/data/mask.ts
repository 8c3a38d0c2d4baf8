import { decode } from 'fast-png';
import { UserError } from '../errors.js';
import { MOST_PIXELS } from './most-pixels.js';

/** A class for every pixel of an image: bytes [height, width]. */
export interface Mask {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

const GREY = 0;
const INDEXED = 3;

/**
 * Reads a mask: a PNG file whose grey value, or place in the palette, is the class, with 1 to 8 bits a pixel.
 * @throws Error saying in a few words why it is none; the name is the caller's to add
 */
export function decodeMask(bytes: Uint8Array): Mask {
  const { width, height } = maskSize(bytes);
  const [depth = 0, colour, , , interlaced] = bytes.subarray(24);
  if (width * height > MOST_PIXELS)
    throw new Error(`too large: ${width} × ${height} pixels, more than ${MOST_PIXELS / 1e6} million`);
  if ((colour !== GREY && colour !== INDEXED) || depth > 8)
    throw new Error('not a mask: its pixels must be one grey byte or a place in a palette, the class');
  if (interlaced !== 0 && depth < 8)
    throw new Error('not a mask that can be read: save it without interlacing');
  return { width, height, data: unpackBits(pixelsOf(bytes), width, height, depth) };
}

/** Width and height of a mask, from its header. @throws Error where it is no PNG file */
export function maskSize(bytes: Uint8Array): Pick<Mask, 'width' | 'height'> {
  if (bytes.length < 29 || String.fromCharCode(...bytes.subarray(1, 4)) !== 'PNG')
    throw new Error('not a PNG file');
  const header = new DataView(bytes.buffer, bytes.byteOffset);
  return { width: header.getUint32(16), height: header.getUint32(20) };
}

/** @param name of its file @throws UserError where it holds a class that is none */
export function checkClasses(
  name: string,
  { data, width }: Mask,
  { classes, ignored }: { readonly classes: readonly string[]; readonly ignored: number },
): void {
  const bad = data.findIndex((value) => value >= classes.length && value !== ignored);
  if (bad >= 0)
    throw new UserError(
      `${name}: class ${data[bad]} at column ${bad % width}, row ${Math.floor(bad / width)}, but there are ${classes.length} classes; the ignored one is ${ignored}`,
    );
}

function pixelsOf(bytes: Uint8Array): Uint8Array {
  try {
    return new Uint8Array(decode(bytes, { checkCrc: true }).data);
  } catch (error) {
    throw new Error(`not a readable PNG file (${(error as Error).message})`);
  }
}

/** Values of `depth` bits, rows beginning at a byte, as bytes. */
function unpackBits(packed: Uint8Array, width: number, height: number, depth: number): Uint8Array {
  if (depth === 8) return packed;
  const perByte = 8 / depth;
  const stride = Math.ceil(width / perByte);
  const out = new Uint8Array(width * height);
  for (let row = 0; row < height; row++)
    for (let column = 0; column < width; column++) {
      const byte = packed[row * stride + Math.floor(column / perByte)] ?? 0;
      const shift = 8 - depth * (1 + (column % perByte));
      out[row * width + column] = (byte >> shift) & ((1 << depth) - 1);
    }
  return out;
}

/** Turns a mask as EXIF turns its image. @param orientation 1 … 8 as EXIF counts them, 1 not at all */
export function turnMask({ width, height, data }: Mask, orientation: number): Mask {
  const [swaps, mirrorsX, mirrorsY] = [
    [5, 6, 7, 8],
    [2, 3, 6, 7],
    [3, 4, 7, 8],
  ].map((each) => each.includes(orientation));
  const [across, down] = swaps ? [height, width] : [width, height];
  const out = new Uint8Array(data.length);
  for (let y = 0, from = 0; y < height; y++)
    for (let x = 0; x < width; x++, from++) {
      const [column, row] = swaps ? [y, x] : [x, y];
      out[(mirrorsY ? down - 1 - row : row) * across + (mirrorsX ? across - 1 - column : column)] = data[
        from
      ] as number;
    }
  return { width: across, height: down, data: out };
}
