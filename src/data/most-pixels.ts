/** Pixels that an image may have. A small file can unpack to any number of them and fill the memory. */
export const MOST_PIXELS = 100_000_000;
