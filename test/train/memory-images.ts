import type { KeptImages } from '../../src/run/kept-images.js';

/** Where a run keeps which images it holds out: in memory. */
export function memoryImages(kept?: KeptImages) {
  let now = kept;
  return {
    name: 'a run',
    images: async () => now,
    saveImages: async (images: KeptImages) => {
      now = images;
    },
  };
}
