import { badSamplesFile } from './bad-samples-file.js';
import { loadCheckpoint, saveCheckpoint, storedSteps } from './checkpoints.js';
import { beginRun } from './config-file.js';
import { keepModels, type Models } from './encoder-file.js';
import { readKeptImages, writeKeptImages } from './images-file.js';
import { imagesMissing, type KeptImages } from './kept-images.js';
import { addMetric, forgetAfter, readMetrics } from './metrics-file.js';
import { writeModel } from './model-file.js';
import { openPredecessor } from './predecessor.js';
import { placeOf, type RunFiles } from './run-files.js';
import type { RunStore } from './run-store.js';

/**
 * The files of a run as the place where it keeps what must not be lost.
 * @param open the files of another run, as a configuration names it
 * @param models what its programs call
 */
export function fileStore(files: RunFiles, open: (run: string) => RunFiles, models: Models = {}): RunStore {
  return {
    name: files.name,
    begin: async (config) => {
      await beginRun(files, config);
      await keepModels(files, models);
    },
    predecessor: (from) => openPredecessor(open(from.run), from),
    storedSteps: () => storedSteps(files),
    load: (state, layouts, note) => loadCheckpoint(files, state, layouts, note),
    save: (step, state, layouts, keep) => saveCheckpoint(files, step, state, layouts, keep),
    saveModel: (weights, layouts) => writeModel(files, weights, layouts),
    images: () => imagesOf(files),
    saveImages: (images) => writeKeptImages(files, images),
    metrics: () => readMetrics(files),
    addMetric: (metric) => addMetric(files, metric),
    forgetAfter: (step) => forgetAfter(files, step),
    badSamples: badSamplesFile(files),
  };
}

async function imagesOf(files: RunFiles): Promise<KeptImages | undefined> {
  const images = await readKeptImages(files);
  if (images === undefined && (await storedSteps(files)).length > 0)
    throw imagesMissing(placeOf(files, 'images.json'));
  return images;
}
