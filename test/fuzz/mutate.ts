import type { Random } from '../../src/random.js';
import { crc32 } from '../data/crc32.js';

/** Numbers that lengths and offsets go wrong at. */
const edges = [0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff];

/** A copy of `bytes` with one to six things wrong. */
export function mutate(bytes: Uint8Array, draw: Random): Buffer {
  let out: Buffer = Buffer.from(bytes);
  for (let count = 1 + draw.integer(6); count > 0 && out.length > 8; count--) {
    const at = draw.integer(out.length);
    const length = 1 + draw.integer(Math.min(64, out.length - at));
    const part = out.subarray(at, at + length);
    const kind = draw.integer(8);
    if (kind === 0) out[at] = (out[at] as number) ^ (1 << draw.integer(8));
    else if (kind === 1) out[at] = draw.integer(256);
    else if (kind === 2) part.fill(draw.chance(0.5) ? 0 : 0xff);
    else if (kind === 3) out = out.subarray(0, at);
    else if (kind === 4) out = Buffer.concat([out.subarray(0, at), out.subarray(at + length)]);
    else if (kind === 5) out = Buffer.concat([out.subarray(0, at), part, out.subarray(at)]);
    else if (kind === 6) {
      const noise = Buffer.from(Array.from({ length }, () => draw.integer(256)));
      out = Buffer.concat([out.subarray(0, at), noise, out.subarray(at)]);
    } else {
      const edge = edges[draw.integer(edges.length)] as number;
      const place = Math.min(at, out.length - 4);
      if (draw.chance(0.5)) out.writeUInt32BE(edge, place);
      else out.writeUInt32LE(edge, place);
    }
  }
  return Buffer.from(out);
}

/** Makes the checksums of a tar's header blocks right again, so that what is wrong in them is looked at. */
export function mendTar(tar: Buffer): Buffer {
  for (let at = 0; at + 512 <= tar.length; at += 512) {
    const block = tar.subarray(at, at + 512);
    if (block.toString('latin1', 257, 262) !== 'ustar') continue;
    block.write('        ', 148);
    const sum = block.reduce((total, byte) => total + byte, 0);
    block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  }
  return tar;
}

/** Makes the checksums of a PNG's chunks right again. */
export function mendPng(png: Buffer): Buffer {
  for (let at = 8; at + 12 <= png.length; ) {
    const end = at + 8 + png.readUInt32BE(at);
    if (end + 4 > png.length) break;
    png.writeUInt32BE(crc32(png.subarray(at + 4, end)), end);
    at = end + 4;
  }
  return png;
}
