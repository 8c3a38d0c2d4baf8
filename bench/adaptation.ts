// The adaptation table: what tuning a head, the predictor, the encoder or all of a pretrained run comes to with few
// and many labels. Every cell is one `iwm adapt` in a process of its own and one line of the results; cells that have
// their line are not run again. Usage: npx tsx bench/adaptation.ts --help
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { AdaptationResult } from '../src/adapt/result.js';
import { wholeLines } from '../src/json-file.js';
import { type Line, render, rows } from './adaptation-table.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const help = `npx tsx bench/adaptation.ts --run RUN --data SRC [options]
  --labels .01,.1,1     shares of the labels
  --epochs 100,40,15    epochs for each of them; then every row again for as long as the encoder's takes
  --seeds 0,1,2         of the adaptation: its labels, order and random weights
  --row encoder         only this one, repeatable; of: ${Object.keys(rows).join('; ')}
  --threads N           as for iwm
  --out FILE            lines (default docs/results/adaptation.jsonl; the table lies beside it as .md)
  --render              only write the table anew`;

const { values } = parseArgs({
  options: {
    run: { type: 'string' },
    data: { type: 'string' },
    labels: { type: 'string', default: '.01,.1,1' },
    epochs: { type: 'string', default: '100,40,15' },
    seeds: { type: 'string', default: '0,1,2' },
    row: { type: 'string', multiple: true, default: Object.keys(rows) },
    threads: { type: 'string' },
    out: { type: 'string', default: join(root, 'docs', 'results', 'adaptation.jsonl') },
    render: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

const numbers = (text: string): number[] => text.split(',').map(Number);

function readLines(file: string): Line[] {
  return wholeLines(file).map((line) => JSON.parse(line) as Line);
}

/** Runs one cell; the adapted model itself is not kept. */
function adaptOnce(
  row: string,
  labels: number,
  epochs: number,
  seed: number,
): Pick<Line, 'command' | 'result'> {
  const folder = mkdtempSync(join(tmpdir(), 'iwm-adaptation-'));
  try {
    const told = [
      ...(rows[row] as readonly string[]),
      ...(labels < 1 ? ['--fraction', String(labels)] : []),
      ...['--seed', String(seed), '--set', `epochs=${epochs}`, '--set', 'cache.kept=memory'],
      ...(values.threads === undefined ? [] : ['--threads', values.threads]),
    ];
    const paths = [values.run ?? '', '--data', values.data ?? '', '--out', join(folder, 'model')];
    const { status, stdout } = spawnSync(
      process.execPath,
      [join(root, 'bin', 'iwm.js'), 'adapt', ...paths, ...told, '--json'],
      { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'], maxBuffer: 2 ** 28 },
    );
    if (status !== 0) throw new Error(`${row}, ${labels} of the labels, seed ${seed}: exit code ${status}`);
    const { model: _, ...result } = JSON.parse(stdout) as AdaptationResult;
    return { command: `iwm adapt RUN --data SRC --out OUT ${told.join(' ')}`, result };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Runs the cells that have no line yet. */
function runMissing(run: string): void {
  const unknown = values.row.find((row) => rows[row] === undefined);
  if (unknown !== undefined) throw new Error(`no row "${unknown}"\n${help}`);
  const weights = createHash('sha256')
    .update(readFileSync(join(run, 'model.safetensors')))
    .digest('hex')
    .slice(0, 12);
  const epochs = numbers(values.epochs);
  for (const [i, labels] of numbers(values.labels).entries())
    for (const seed of numbers(values.seeds))
      for (const budget of ['epochs', 'seconds'] as const)
        for (const row of values.row) {
          const mine = readLines(values.out).filter(
            (line) => line.weights === weights && line.labels === labels && line.seed === seed,
          );
          if (mine.some((line) => line.row === row && line.budget === budget)) continue;
          const given = epochs[i] ?? epochs.at(-1) ?? 1;
          const count = budget === 'epochs' ? given : epochsIn(row, mine);
          if (count === undefined) continue;
          console.error(`${row}, ${100 * labels} % of the labels, equal ${budget}, seed ${seed}`);
          const line: Line = {
            ...{ row, labels, seed, budget, epochs: count, weights },
            ...adaptOnce(row, labels, count, seed),
          };
          appendFileSync(values.out, `${JSON.stringify(line)}\n`);
        }
}

/** Epochs of a row that take as long as the encoder's row; undefined where that is unknown, or is this one. */
function epochsIn(row: string, lines: readonly Line[]): number | undefined {
  const of = (name: string): Line['result'] | undefined =>
    lines.find((line) => line.row === name && line.budget === 'epochs')?.result;
  const [encoder, own] = [of('encoder'), of(row)];
  if (encoder === undefined || own === undefined || row === 'encoder') return undefined;
  const left = encoder.seconds - (own.latents?.seconds ?? 0);
  return Math.max(1, Math.floor(left / own.secondsPerEpoch));
}

if (values.help || (!values.render && (values.run === undefined || values.data === undefined))) {
  console.error(help);
  process.exitCode = values.help ? 0 : 2;
} else {
  mkdirSync(dirname(values.out), { recursive: true });
  if (!values.render) runMissing(values.run ?? '');
  writeFileSync(values.out.replace(/(\.jsonl)?$/, '.md'), render(readLines(values.out)));
}
