import { keptImages } from '../kept-images.js';
import type { RunStore } from '../run-store.js';
import { badSamplesFile } from './bad-samples-file.js';
import { loadCheckpoint, saveCheckpoint, saveModel, storedSteps } from './checkpoint.js';
import { keepModels, type Models } from './encoder-file.js';
import { keptIn, readImages, writeImages } from './images-file.js';
import { readMetrics, truncateMetrics, writeMetric } from './metrics-file.js';
import { openPredecessor } from './predecessor.js';
import { createRun } from './run-folder.js';

/** A run's folder as the place where it keeps what must not be lost. @param models what its programs call */
export function folderStore(run: string, models: Models = {}): RunStore {
  return {
    name: run,
    begin: async (config) => {
      createRun(run, config);
      keepModels(run, models);
    },
    predecessor: async (from) => openPredecessor(from),
    storedSteps: async () => storedSteps(run),
    load: async (state, layouts, note) => loadCheckpoint(run, state, layouts, note),
    save: async (step, state, layouts, keep) => saveCheckpoint(run, step, state, layouts, keep),
    saveModel: async (weights, layouts) => saveModel(run, weights, layouts),
    images: async () => (storedSteps(run).length > 0 ? keptIn(run, keptImages) : readImages(run)),
    saveImages: async (images) => writeImages(run, images),
    metrics: async () => readMetrics(run),
    addMetric: async (metric) => writeMetric(run, metric),
    forgetAfter: async (step) => truncateMetrics(run, step),
    badSamples: badSamplesFile(run),
  };
}
