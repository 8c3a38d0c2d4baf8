import { UserError } from '../errors.js';
import type { Layouts } from '../world-model/index.js';
import { collect, fill, type Section } from './named-tensors.js';
import { placeOf, type RunFiles } from './run-files.js';
import { decodeSafetensors, encodeSafetensors, type Weights } from './safetensors.js';
import { type State, stateSections } from './state.js';

const FOLDER = 'checkpoints';

const fileOf = (step: number): string => `${FOLDER}/step-${String(step).padStart(7, '0')}.safetensors`;

/** SHA-256 of all numbers, in the order of names: tells a checkpoint that a failing disk has changed. */
function digest(files: RunFiles, tensors: Weights['tensors']): Promise<string> {
  const numbers = [...tensors.keys()].sort().map((name) => {
    const { buffer, byteOffset, byteLength } = tensors.get(name)?.data ?? new Float32Array();
    return new Uint8Array(buffer, byteOffset, byteLength);
  });
  return files.sha256(numbers);
}

/** Steps after which there is a checkpoint, ascending. */
export async function storedSteps(files: RunFiles): Promise<number[]> {
  return (await files.list(FOLDER))
    .flatMap((name) => /^step-(\d+)\.safetensors$/.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b);
}

/** Writes everything to go on from after `step` steps, then removes all but the newest `keep`. */
export async function saveCheckpoint(
  files: RunFiles,
  step: number,
  state: State<Float32Array>,
  layouts: Layouts,
  keep: number,
): Promise<void> {
  const tensors = collect(stateSections(state, layouts));
  const metadata = { sha256: await digest(files, tensors) };
  await files.write(fileOf(step), encodeSafetensors({ tensors, metadata }));
  for (const old of (await storedSteps(files)).slice(0, -keep)) await files.remove(fileOf(old));
}

/**
 * Fills `state` from the newest checkpoint that is whole and returns the number of steps done; undefined where there
 * is no checkpoint yet. Newer ones that are damaged are removed.
 * @param note told of each that is damaged, in a line
 * @throws UserError where there are checkpoints, but none is whole
 */
export async function loadCheckpoint(
  files: RunFiles,
  state: State<Float32Array>,
  layouts: Layouts,
  note: (line: string) => void,
): Promise<number | undefined> {
  const steps = (await storedSteps(files)).reverse();
  const damaged: number[] = [];
  for (const step of steps) {
    try {
      await readCheckpoint(files, fileOf(step), stateSections(state, layouts));
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      note(`damaged checkpoint, trying the one before: ${error.message}`);
      damaged.push(step);
      continue;
    }
    for (const newer of damaged) await files.remove(fileOf(newer));
    return step;
  }
  if (steps.length > 0)
    throw new UserError(`${placeOf(files, FOLDER)}: no checkpoint is whole; train anew with another --out`);
  return undefined;
}

async function readCheckpoint(files: RunFiles, path: string, sections: readonly Section[]): Promise<void> {
  const place = placeOf(files, path);
  const bytes = (await files.read(path)) ?? new Uint8Array();
  const { tensors, metadata } = decodeSafetensors(bytes, place, 'F32') as Weights;
  if (metadata.sha256 !== (await digest(files, tensors)))
    throw new UserError(`${place}: its numbers are not those that were written (SHA-256)`);
  fill({ tensors }, sections, place);
}
