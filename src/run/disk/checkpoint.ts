import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../../errors.js';
import type { Layouts, ModelWeights } from '../../world-model/index.js';
import { modelWeights } from '../model-weights.js';
import { collect, fill, type Section } from '../named-tensors.js';
import type { Weights } from '../safetensors.js';
import { type State, stateSections, weightSections } from '../state.js';
import { syncFolder } from './atomic-file.js';
import { readSafetensors, writeSafetensors } from './safetensors-file.js';

/** SHA-256 of all numbers, in the order of names: tells a checkpoint that a failing disk has changed. */
function digest(tensors: Weights['tensors']): string {
  const hash = createHash('sha256');
  for (const name of [...tensors.keys()].sort()) {
    const { buffer, byteOffset, byteLength } = tensors.get(name)?.data ?? new Float32Array();
    hash.update(new Uint8Array(buffer, byteOffset, byteLength));
  }
  return hash.digest('hex');
}

const folderOf = (run: string): string => join(run, 'checkpoints');
const fileOf = (run: string, step: number): string =>
  join(folderOf(run), `step-${String(step).padStart(7, '0')}.safetensors`);

/** Steps after which there is a checkpoint, ascending. */
export function storedSteps(run: string): number[] {
  const names = existsSync(folderOf(run)) ? readdirSync(folderOf(run)) : [];
  return names
    .flatMap((name) => /^step-(\d+)\.safetensors$/.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b);
}

/** Writes everything to go on from after `step` steps, then removes all but the newest `keep`. */
export function saveCheckpoint(
  run: string,
  step: number,
  state: State<Float32Array>,
  layouts: Layouts,
  keep: number,
): void {
  if (mkdirSync(folderOf(run), { recursive: true }) !== undefined) syncFolder(run);
  const tensors = collect(stateSections(state, layouts));
  writeSafetensors(fileOf(run, step), { tensors, metadata: { sha256: digest(tensors) } });
  for (const old of storedSteps(run).slice(0, -keep)) rmSync(fileOf(run, old));
}

/**
 * Fills `state` from the newest checkpoint that is whole and returns the number of steps done; undefined where there
 * is no checkpoint yet. Newer ones that are damaged are removed.
 * @param note told of each that is damaged, in a line
 * @throws UserError where there are checkpoints, but none is whole
 */
export function loadCheckpoint(
  run: string,
  state: State<Float32Array>,
  layouts: Layouts,
  note: (line: string) => void,
): number | undefined {
  const steps = storedSteps(run).reverse();
  const damaged: number[] = [];
  for (const step of steps) {
    try {
      readCheckpoint(fileOf(run, step), stateSections(state, layouts));
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      note(`damaged checkpoint, trying the one before: ${error.message}`);
      damaged.push(step);
      continue;
    }
    for (const newer of damaged) rmSync(fileOf(run, newer));
    return step;
  }
  if (steps.length > 0)
    throw new UserError(`${folderOf(run)}: no checkpoint is whole; train anew with another --out`);
  return undefined;
}

function readCheckpoint(file: string, sections: readonly Section[]): void {
  const { tensors, metadata } = readSafetensors(file);
  if (metadata.sha256 !== digest(tensors))
    throw new UserError(`${file}: its numbers are not those that were written (SHA-256)`);
  fill({ tensors }, sections, file);
}

/** Writes the finished model: encoder, predictor, target_encoder. */
export function saveModel(run: string, weights: ModelWeights, layouts: Layouts): void {
  const tensors = collect(weightSections(weights, layouts));
  writeSafetensors(join(run, 'model.safetensors'), { tensors, metadata: { format: 'image-world-models' } });
}

/** The file of a finished run's model. @throws UserError where it is missing */
function modelFile(run: string): string {
  const file = join(run, 'model.safetensors');
  if (existsSync(file)) return file;
  throw new UserError(
    `${run}: no finished model there (model.safetensors is missing); give the folder of a finished run`,
  );
}

/** SHA-256 of a finished run's model, as its file has it. @throws UserError where it is missing */
export function modelDigest(run: string): string {
  return createHash('sha256')
    .update(readFileSync(modelFile(run)))
    .digest('hex');
}

/** Reads a finished run's model. @throws UserError where it is missing or does not fit the configuration */
export function loadModel(run: string, layouts: Layouts): ModelWeights {
  const file = modelFile(run);
  return modelWeights(readSafetensors(file), layouts, file);
}
