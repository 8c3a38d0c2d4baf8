import type { RunStore } from '../run-store.js';
import { badSamplesFile } from './bad-samples-file.js';
import { loadCheckpoint, saveCheckpoint, saveModel, storedSteps } from './checkpoint.js';
import { readImages, writeImages } from './images-file.js';
import { readMetrics, truncateMetrics, writeMetric } from './metrics-file.js';

/** A run's folder as the place where it keeps what must not be lost. */
export function folderStore(run: string): RunStore {
  return {
    name: run,
    storedSteps: async () => storedSteps(run),
    load: async (state, layouts, note) => loadCheckpoint(run, state, layouts, note),
    save: async (step, state, layouts, keep) => saveCheckpoint(run, step, state, layouts, keep),
    saveModel: async (state, layouts, frozenEncoder) => saveModel(run, state, layouts, frozenEncoder),
    images: async () => readImages(run),
    saveImages: async (images) => writeImages(run, images),
    metrics: async () => readMetrics(run),
    addMetric: async (metric) => writeMetric(run, metric),
    forgetAfter: async (step) => truncateMetrics(run, step),
    badSamples: badSamplesFile(run),
  };
}
