import { join } from 'node:path';
import { UserError } from '../errors.js';
import { resolve } from '../run/config.js';
import type { Study } from './study.js';

/** One level of every axis. */
export interface Arm {
  /** Of the axes, in their order. */
  readonly levels: Readonly<Record<string, string>>;
  readonly settings: Readonly<Record<string, unknown>>;
}

/** One run of a study: an arm with a seed, and the commands that train and measure it. */
export interface Cell extends Arm {
  /** Of its folder; no two cells have the same. */
  readonly name: string;
  readonly seed: number;
  readonly commands: readonly Command[];
}

/** A command of `iwm`. */
export interface Command {
  /** What its numbers are found by. */
  readonly name: string;
  readonly args: readonly string[];
  /** A folder that holds what it has begun, so that `--resume` goes on with it. */
  readonly resumes?: string;
  /** What it makes anew, and refuses to write over: what an interrupted one has left there is nothing. */
  readonly makes?: string;
}

/** All combinations of the axes' levels, the last axis varying first. */
export function armsOf({ axes, settings = {} }: Pick<Study, 'axes' | 'settings'>): Arm[] {
  return Object.entries(axes).reduce<Arm[]>(
    (arms, [axis, levels]) =>
      arms.flatMap((arm) =>
        Object.entries(levels).map(([level, set]) => ({
          levels: { ...arm.levels, [axis]: level },
          settings: { ...arm.settings, ...set },
        })),
      ),
    [{ levels: {}, settings }],
  );
}

/**
 * All runs of a study: of all arms the first seed, then the second, so that what is there early compares.
 * @param folder of the study
 * @throws UserError where an arm's settings are none
 */
export function cellsOf(study: Study, folder: string): Cell[] {
  const arms = armsOf(study);
  return study.seeds.flatMap((seed) => arms.map((arm) => cellOf(study, arm, seed, folder)));
}

function cellOf(study: Study, arm: Arm, seed: number, folder: string): Cell {
  const name = [...Object.values(arm.levels), `seed-${seed}`].join('_');
  const run = join(folder, name, 'run');
  checkArm(study, arm, name);
  const sources = (list: readonly string[]): string[] => list.flatMap((source) => ['--data', source]);
  const stands: Readonly<Record<string, readonly string[]>> = {
    '{run}': [run],
    '{data}': sources(study.data),
    '{test}': sources(study.test ?? []),
  };
  const sets = Object.entries(arm.settings).flatMap(([key, value]) => ['--set', `${key}=${text(value)}`]);
  const train = ['pretrain', '--preset', study.preset, ...sources(study.data), '--seed', String(seed)];
  const measures = Object.entries(study.measures).map(([measure, line]) => {
    const words = line.trim().split(/\s+/);
    const out = join(folder, name, measure);
    const here: typeof stands = { ...stands, '{out}': ['--out', out] };
    return {
      name: measure,
      args: words.flatMap((word) => here[word] ?? [word]),
      ...(words.includes('{out}') ? { makes: out } : {}),
    };
  });
  return {
    ...arm,
    name,
    seed,
    commands: [{ name: 'pretrain', args: [...train, '--out', run, ...sets], resumes: run }, ...measures],
  };
}

/** As `--set` reads it. */
const text = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));

/** Before hours are spent on the other arms. */
function checkArm({ preset, data }: Study, { settings }: Arm, name: string): void {
  try {
    resolve(preset, { ...settings, data });
  } catch (error) {
    if (error instanceof UserError) throw new UserError(`${name}: ${error.message}`, 2);
    throw error;
  }
}
