// What the tables of adaptations have in common: one `iwm adapt` a line of results, means over seeds.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { AdaptationResult, TaskResult } from '../src/adapt/result.js';
import { headline } from '../src/adapt/scores/score.js';

export const root = fileURLToPath(new URL('..', import.meta.url));

/** What `iwm adapt` told, without where the model and its report are. */
export type CellResult = Omit<AdaptationResult, 'model'>;

/** `0,1,2` */
export const numbers = (text: string): number[] => text.split(',').map(Number);

/** The lines of results so far, whole ones only. */
export function readLines<L>(file: string): L[] {
  const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(0, -1) : [];
  return lines.map((line) => JSON.parse(line) as L);
}

/**
 * What a script does with its command line: says how it is used, or runs the missing cells and writes the table.
 * @param told the options; `out` is the file of lines, the table lies beside it
 * @param wellTold false where something is missing
 * @param runMissing appends a line for every cell that has none yet
 */
export function fillTable<L>(
  told: { readonly help: boolean; readonly render: boolean; readonly out: string },
  wellTold: boolean,
  help: string,
  runMissing: () => void,
  render: (lines: readonly L[]) => string,
): void {
  if (told.help || (!told.render && !wellTold)) {
    console.error(help);
    process.exitCode = told.help ? 0 : 2;
    return;
  }
  mkdirSync(dirname(told.out), { recursive: true });
  if (!told.render) runMissing();
  writeFileSync(told.out.replace(/(\.jsonl)?$/, '.md'), render(readLines<L>(told.out)));
}

/** Beginning of the SHA-256 of a run's weights. */
export function weightsOf(run: string): string {
  return createHash('sha256')
    .update(readFileSync(join(run, 'model.safetensors')))
    .digest('hex')
    .slice(0, 12);
}

/**
 * Runs one cell, `iwm adapt` in a process of its own; the adapted model itself is not kept.
 * @param paths the run and the data
 * @param told all other options
 * @param what cell this is, for the message
 */
export function adaptOnce(paths: readonly string[], told: readonly string[], what: string): CellResult {
  const folder = mkdtempSync(join(tmpdir(), 'iwm-adaptation-'));
  try {
    const { status, stdout } = spawnSync(
      process.execPath,
      [join(root, 'bin', 'iwm.js'), 'adapt', ...paths, '--out', join(folder, 'model'), ...told, '--json'],
      { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'], maxBuffer: 2 ** 28 },
    );
    if (status !== 0) throw new Error(`${what}: exit code ${status}`);
    const { model: _, report: __, ...result } = JSON.parse(stdout) as AdaptationResult & { report: string };
    return result;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Accuracy or mIoU, per cent. */
export function score(task: TaskResult): number {
  const { accuracy, meanIou } = headline(task);
  return 100 * (accuracy ?? meanIou ?? 0);
}

/** Over seeds; the deviation of more than one. */
export function meanAndDeviation(values: readonly number[]): [mean: number, deviation: number | undefined] {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return [mean, values.length > 1 ? Math.sqrt(squares / (values.length - 1)) : undefined];
}

/** `81.20 ± 0.31 (3)` */
export function describeMean(values: readonly number[]): string {
  const [mean, deviation] = meanAndDeviation(values);
  return `${mean.toFixed(2)}${deviation === undefined ? '' : ` ± ${deviation.toFixed(2)}`} (${values.length})`;
}
