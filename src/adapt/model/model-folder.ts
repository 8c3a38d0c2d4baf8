import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { UserError } from '../../errors.js';
import { readJson } from '../../json-file.js';
import { makeFolder } from '../../make-folder.js';
import type { Flat } from '../../nn/index.js';
import { writeAtomically } from '../../run/disk/atomic-file.js';
import { keepModels } from '../../run/disk/encoder-file.js';
import { keptIn, writeImages } from '../../run/disk/images-file.js';
import { readSafetensors, writeSafetensors } from '../../run/disk/safetensors-file.js';
import type { Models } from '../../run/encoder-file.js';
import { collect } from '../../run/named-tensors.js';
import type { Network, Parts } from '../network/network.js';
import type { AdaptationResult } from '../result.js';
import { type KeptTaskImages, keptTaskImages } from '../tasks/task-images.js';
import { type AdaptedConfig, adaptedWeights, networkOf, parseAdapted, sections } from './adapted-config.js';

const encode = (document: unknown): Uint8Array =>
  new TextEncoder().encode(`${JSON.stringify(document, null, 2)}\n`);

/** Which images a task of a model learned from and is measured on. @throws UserError where nothing says so */
export function readTaskImages(folder: string, task: string): KeptTaskImages {
  return keptIn(folder, z.object({ [task]: keptTaskImages }))[task] as KeptTaskImages;
}

/** @throws UserError where a folder for a new model holds something already */
export function checkFree(folder: string): void {
  if (existsSync(folder) && readdirSync(folder).length > 0)
    throw new UserError(`${folder} exists already; choose another --out`);
}

interface FinishedModel {
  readonly config: AdaptedConfig;
  /** Which each task learned from and is measured on, by its name. */
  readonly images: Readonly<Record<string, KeptTaskImages>>;
  readonly weights: Parts<Flat<Float32Array>>;
  readonly result: AdaptationResult;
  /** What its programs call. */
  readonly models: Models;
}

/**
 * Makes the folder of a finished model: its configuration, the weights of every part, and what came of the adaptation.
 * @throws UserError where something is there already
 */
export function saveModel(folder: string, { config, images, weights, result, models }: FinishedModel): void {
  checkFree(folder);
  makeFolder(folder);
  writeAtomically(join(folder, 'config.json'), [encode(config)]);
  keepModels(folder, models);
  writeImages(folder, images);
  writeSafetensors(join(folder, 'model.safetensors'), {
    tensors: collect(sections(networkOf(config), (part) => weights[part] as Flat<Float32Array>)),
    metadata: { format: 'image-world-models' },
  });
  writeAtomically(join(folder, 'result.json'), [encode(result)]);
}

/** Whether a folder holds an adapted model, and not for example a run. */
export function isAdapted(folder: string): boolean {
  const file = join(folder, 'config.json');
  return existsSync(file) && (readJson(file) as { kind?: unknown } | null)?.kind === 'adapted';
}

/** A finished adapted model. @throws UserError where the folder holds none, or a damaged one */
export function loadModel(folder: string): {
  config: AdaptedConfig;
  network: Network;
  weights: Parts<Flat<Float32Array>>;
  result: AdaptationResult;
} {
  if (!isAdapted(folder))
    throw new UserError(`${folder} is no adapted model; give a folder that iwm adapt has made`);
  const file = join(folder, 'config.json');
  const config = parseAdapted(readJson(file), file);
  const model = join(folder, 'model.safetensors');
  if (!existsSync(model))
    throw new UserError(`${folder}: its adaptation was not finished (model.safetensors is missing)`);
  const network = networkOf(config);
  return {
    config,
    network,
    weights: adaptedWeights(readSafetensors(model), network, model),
    result: readJson(join(folder, 'result.json')) as AdaptationResult,
  };
}
