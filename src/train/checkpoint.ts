import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../errors.js';
import { type Flat, type Layout, view } from '../nn/index.js';
import { readSafetensors, type Weights, writeSafetensors } from './safetensors.js';
import type { Layouts, State } from './step.js';

type Part = 'encoder' | 'predictor';
/** Prefix on disk → which flat vectors it holds, and in which layout. */
type Section = readonly [prefix: string, part: Part, flat: Flat<Float32Array>];

function sections(state: State<Float32Array>, frozenEncoder?: Flat<Float32Array>): Section[] {
  const of = (prefix: string, flats: State<Float32Array>['weights']): Section[] =>
    (['encoder', 'predictor'] as const).flatMap((part) => {
      const flat = flats[part];
      return flat === undefined ? [] : [[`${prefix}${part}`, part, flat] as const];
    });
  const target = state.target ?? frozenEncoder;
  return [
    ...of('', state.weights),
    ...(frozenEncoder === undefined ? [] : [['encoder', 'encoder', frozenEncoder] as const]),
    ...(target === undefined ? [] : [['target_encoder', 'encoder', target] as const]),
    ...of('optimiser.mean.', state.mean),
    ...of('optimiser.variance.', state.variance),
  ];
}

function collect(parts: readonly Section[], layouts: Layouts, metadata: Record<string, string>): Weights {
  const tensors: [string, { shape: readonly number[]; data: Float32Array }][] = parts.flatMap(
    ([prefix, part, flat]) =>
      (layouts[part] as Layout<unknown>).entries.map(
        (entry) =>
          [`${prefix}.${entry.name}`, { shape: entry.shape, data: view(flat, entry) }] as const as [
            string,
            { shape: readonly number[]; data: Float32Array },
          ],
      ),
  );
  return { tensors: new Map(tensors), metadata };
}

/** Copies named tensors into flat vectors; every name and shape must be there. @throws UserError */
export function fill(
  weights: Weights,
  prefix: string,
  { entries }: Layout<unknown>,
  flat: Flat<Float32Array>,
  file: string,
): void {
  const wrong = entries.filter((entry) => {
    const tensor = weights.tensors.get(`${prefix}.${entry.name}`);
    return tensor === undefined || tensor.shape.join() !== entry.shape.join();
  });
  if (wrong.length > 0)
    throw new UserError(
      `${file}: missing or of another shape: ${wrong
        .map((entry) => `${prefix}.${entry.name}`)
        .slice(0, 5)
        .join(', ')}${wrong.length > 5 ? ` and ${wrong.length - 5} more` : ''}`,
    );
  for (const entry of entries)
    view(flat, entry).set(weights.tensors.get(`${prefix}.${entry.name}`)?.data as Float32Array);
}

const folderOf = (run: string): string => join(run, 'checkpoints');
const stepOf = (file: string): number => Number(/^step-(\d+)\.safetensors$/.exec(file)?.[1] ?? Number.NaN);

function stored(run: string): string[] {
  const folder = folderOf(run);
  return existsSync(folder)
    ? readdirSync(folder)
        .filter((file) => !Number.isNaN(stepOf(file)))
        .sort()
    : [];
}

/** Writes everything to go on from after `step` steps, and removes all but the newest `keep`. */
export function saveCheckpoint(
  run: string,
  step: number,
  state: State<Float32Array>,
  layouts: Layouts,
  keep: number,
): void {
  mkdirSync(folderOf(run), { recursive: true });
  const file = join(folderOf(run), `step-${String(step).padStart(7, '0')}.safetensors`);
  writeSafetensors(file, collect(sections(state), layouts, { step: String(step) }));
  for (const old of stored(run).slice(0, -keep)) rmSync(join(folderOf(run), old));
}

/** Fills `state` from the newest checkpoint and returns the number of steps done; undefined where there is none. */
export function loadCheckpoint(
  run: string,
  state: State<Float32Array>,
  layouts: Layouts,
): number | undefined {
  const newest = stored(run).at(-1);
  if (newest === undefined) return undefined;
  const file = join(folderOf(run), newest);
  const weights = readSafetensors(file);
  for (const [prefix, part, flat] of sections(state))
    fill(weights, prefix, layouts[part] as Layout<unknown>, flat, file);
  return stepOf(newest);
}

/** Writes the finished model: encoder, predictor, target_encoder. */
export function saveModel(
  run: string,
  state: State<Float32Array>,
  layouts: Layouts,
  frozenEncoder?: Flat<Float32Array>,
): void {
  const parts = sections(state, frozenEncoder).filter(([prefix]) => !prefix.startsWith('optimiser'));
  writeSafetensors(join(run, 'model.safetensors'), collect(parts, layouts, { format: 'image-world-models' }));
}

/** Weights of a trained model as flat vectors. */
export interface ModelWeights {
  readonly encoder: Flat<Float32Array>;
  readonly predictor: Flat<Float32Array>;
  readonly target: Flat<Float32Array>;
}

/** Reads a finished run's model. @throws UserError where it is missing or does not fit the configuration */
export function loadModel(run: string, layouts: Layouts): ModelWeights {
  const file = join(run, 'model.safetensors');
  if (!existsSync(file))
    throw new UserError(
      `${run}: no finished model there (model.safetensors is missing); give the folder of a finished run`,
    );
  const weights = readSafetensors(file);
  const read = (prefix: string, part: Part): Flat<Float32Array> => {
    const flat = emptyFlat(layouts[part] as Layout<unknown>);
    fill(weights, prefix, layouts[part] as Layout<unknown>, flat, file);
    return flat;
  };
  return {
    encoder: read('encoder', 'encoder'),
    predictor: read('predictor', 'predictor'),
    target: read('target_encoder', 'encoder'),
  };
}

/** Zeros for every parameter of a layout. */
export function emptyFlat({ sizes }: Layout<unknown>): Flat<Float32Array> {
  return { matrices: new Float32Array(sizes.matrices), vectors: new Float32Array(sizes.vectors) };
}
