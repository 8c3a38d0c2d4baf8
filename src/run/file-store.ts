import { z } from 'zod';
import type { BadSample } from '../data/image-set.js';
import { UserError } from '../errors.js';
import { parseJson } from '../json.js';
import { loadCheckpoint, saveCheckpoint, saveModel, storedSteps } from './checkpoints.js';
import { beginRun } from './kept-config.js';
import { imagesMissing, type KeptImages, keptImages, parseKept } from './kept-images.js';
import { addMetric, forgetAfter, readMetrics } from './kept-metrics.js';
import { placeOf, type RunFiles, readLines, readText, writeText } from './run-files.js';
import type { BadSampleList, RunStore } from './run-store.js';

const IMAGES = 'images.json';
const BAD_SAMPLES = 'bad-samples.jsonl';

/** The files of a run as the place where it keeps what must not be lost. */
export function fileStore(files: RunFiles): RunStore {
  return {
    name: files.name,
    begin: (config) => beginRun(files, config),
    storedSteps: () => storedSteps(files),
    load: (state, layouts, note) => loadCheckpoint(files, state, layouts, note),
    save: (step, state, layouts, keep) => saveCheckpoint(files, step, state, layouts, keep),
    saveModel: (state, layouts, frozenEncoder) => saveModel(files, state, layouts, frozenEncoder),
    images: () => readImages(files),
    saveImages: (images) => writeText(files, IMAGES, `${JSON.stringify(images)}\n`),
    metrics: () => readMetrics(files),
    addMetric: (metric) => addMetric(files, metric),
    forgetAfter: (step) => forgetAfter(files, step),
    badSamples: badSampleList(files),
  };
}

async function readImages(files: RunFiles): Promise<KeptImages | undefined> {
  const text = await readText(files, IMAGES);
  const place = placeOf(files, IMAGES);
  if (text !== undefined) return parseKept(keptImages, text, place);
  if ((await storedSteps(files)).length > 0) throw imagesMissing(place);
  return undefined;
}

const listed = z.object({ sample: z.string(), reason: z.string() });

/** A JSON line each in `bad-samples.jsonl`, which is there once one was skipped. */
function badSampleList(files: RunFiles): BadSampleList {
  const name = placeOf(files, BAD_SAMPLES);
  const parse = (line: string, i: number): BadSample => {
    const parsed = listed.safeParse(parseJson(line));
    if (parsed.success) return parsed.data;
    throw new UserError(`${name}, line ${i + 1}: no sample and reason; restore the file or remove the line`);
  };
  return {
    name,
    read: async () => (await readLines(files, BAD_SAMPLES)).map(parse),
    add: ({ sample, reason }) => files.append(BAD_SAMPLES, `${JSON.stringify({ sample, reason })}\n`),
  };
}
