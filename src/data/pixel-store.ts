import { createHash } from 'node:crypto';
import { readSync, writeSync } from 'node:fs';
import { totalmem } from 'node:os';

/** Where the decoded pixels of many images are kept; plain data, as it travels to the decoding thread. */
export type StorePlace =
  | { readonly kind: 'memory'; readonly bytes: SharedArrayBuffer }
  /** An open file of the cache: the images, then a checksum of each, zeros for one that is not there. */
  | { readonly kind: 'file'; readonly file: number; readonly name: string };

/** How a slot stands: an uint8 that all threads see. */
export const slot = { missing: 0, stored: 1, failed: 2, spare: 3 } as const;

/** The share of the machine's memory that decoded images may take. */
const MEMORY_SHARE = 0.75;

/** Memory for decoded images that all threads see, zeros; undefined where it is too much for this machine. */
export function pixelMemory(bytes: number): SharedArrayBuffer | undefined {
  try {
    return bytes <= MEMORY_SHARE * totalmem() ? new SharedArrayBuffer(bytes) : undefined;
  } catch {
    // More than the engine can hold in one piece.
    return undefined;
  }
}

/** Bytes of an image's checksum. */
export const CHECKSUM = 8;

/** Decoded images of equal size by slot; the same to all threads. */
export interface PixelStore {
  /** The bytes of a slot that has been written; only until the next call. */
  read(slot: number): Uint8Array;
  write(slot: number, pixels: Uint8Array): void;
  /** Whether the slot holds a whole image already, from an earlier run or another process. */
  holds(slot: number): boolean;
}

/**
 * @param images number of slots
 * @param bytes of each image
 */
export function openStore(place: StorePlace, images: number, bytes: number): PixelStore {
  return place.kind === 'memory'
    ? memoryStore(new Uint8Array(place.bytes), bytes)
    : fileStore(place.file, images, bytes);
}

function memoryStore(all: Uint8Array, bytes: number): PixelStore {
  return {
    read: (slot) => all.subarray(slot * bytes, (slot + 1) * bytes),
    write: (slot, pixels) => all.set(pixels, slot * bytes),
    holds: () => false,
  };
}

/**
 * Of a file the system keeps in memory what there is room for. Processes may share it: an image is written before its
 * checksum and always the same, so a torn or lost write is one whose checksum is wrong, and written again.
 */
function fileStore(file: number, images: number, bytes: number): PixelStore {
  const scratch = Buffer.alloc(bytes);
  const checksum = Buffer.alloc(CHECKSUM);
  const placeOfChecksum = (slot: number): number => images * bytes + slot * CHECKSUM;
  const readImage = (slot: number): boolean => readSync(file, scratch, 0, bytes, slot * bytes) === bytes;
  return {
    read(slot) {
      readImage(slot);
      return scratch;
    },
    write(slot, pixels) {
      writeWhole(file, pixels, slot * bytes);
      writeWhole(file, digest(pixels), placeOfChecksum(slot));
    },
    holds(slot) {
      const found = readSync(file, checksum, 0, CHECKSUM, placeOfChecksum(slot));
      if (found < CHECKSUM || checksum.every((byte) => byte === 0)) return false;
      return readImage(slot) && digest(scratch).equals(checksum);
    },
  };
}

function writeWhole(file: number, bytes: Uint8Array, position: number): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at, bytes.length - at, position + at);
}

function digest(pixels: Uint8Array): Buffer {
  return createHash('sha1').update(pixels).digest().subarray(0, CHECKSUM);
}
