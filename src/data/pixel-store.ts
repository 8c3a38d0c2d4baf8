import { createHash } from 'node:crypto';
import { readSync, writeSync } from 'node:fs';
import { totalmem } from 'node:os';

/** Where the decoded pixels of many images are kept; plain data, as it travels to the decoding thread. */
export type StorePlace =
  | { readonly kind: 'memory'; readonly bytes: SharedArrayBuffer }
  /** An open file of the cache: each image and its checksum, zeros where there is none; whether all were zeros at first. */
  | { readonly kind: 'file'; readonly file: number; readonly name: string; readonly wasEmpty: boolean };

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

/** Bytes of an image's digest, which is its checksum too: among a million images no two are alike by chance. */
export const DIGEST = 8;

/** Decoded images of equal size by slot; the same to all threads. */
export interface PixelStore {
  /** The bytes of a slot that has been written; only until the next call. */
  read(slot: number): Uint8Array;
  /** {@link DIGEST} bytes that tell the pixels of a slot that has been written from others. */
  digest(slot: number): Buffer;
  write(slot: number, pixels: Uint8Array): void;
  /** Whether the slot holds a whole image already, from an earlier run or another process. */
  holds(slot: number): boolean;
}

/** @param bytes of each image */
export function openStore(place: StorePlace, bytes: number): PixelStore {
  return place.kind === 'memory' ? memoryStore(new Uint8Array(place.bytes), bytes) : fileStore(place, bytes);
}

function memoryStore(all: Uint8Array, bytes: number): PixelStore {
  const read = (slot: number): Uint8Array => all.subarray(slot * bytes, (slot + 1) * bytes);
  return {
    read,
    digest: (slot) => digestOf(read(slot)),
    write: (slot, pixels) => all.set(pixels, slot * bytes),
    holds: () => false,
  };
}

/**
 * Of a file the system keeps in memory what there is room for. Processes may share it: an image is always the
 * same, so a torn or lost write is one whose checksum is wrong, and written again.
 */
function fileStore({ file, wasEmpty }: Extract<StorePlace, { kind: 'file' }>, bytes: number): PixelStore {
  const record = Buffer.alloc(bytes + DIGEST);
  const [image, checksum] = [record.subarray(0, bytes), record.subarray(bytes)];
  const placeOf = (slot: number): number => slot * record.length;
  return {
    read(slot) {
      readSync(file, image, 0, bytes, placeOf(slot));
      return image;
    },
    digest(slot) {
      readSync(file, checksum, 0, DIGEST, placeOf(slot) + bytes);
      return Buffer.from(checksum);
    },
    write(slot, pixels) {
      image.set(pixels);
      checksum.set(digestOf(pixels));
      for (let at = 0; at < record.length; )
        at += writeSync(file, record, at, record.length - at, placeOf(slot) + at);
    },
    holds(slot) {
      // What others have added meanwhile is written again, and is the same.
      if (wasEmpty) return false;
      const found = readSync(file, checksum, 0, DIGEST, placeOf(slot) + bytes);
      if (found < DIGEST || checksum.every((byte) => byte === 0)) return false;
      return readSync(file, image, 0, bytes, placeOf(slot)) === bytes && digestOf(image).equals(checksum);
    },
  };
}

function digestOf(pixels: Uint8Array): Buffer {
  return createHash('sha1').update(pixels).digest().subarray(0, DIGEST);
}
