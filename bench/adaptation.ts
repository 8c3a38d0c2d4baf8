// The adaptation table: what tuning a head, the predictor, the encoder or all of a pretrained run comes to with few
// and many labels. Every cell is one `iwm adapt` in a process of its own and one line of the results; cells that have
// their line are not run again. Usage: npx tsx bench/adaptation.ts --help
import { appendFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { type TaskName, taskNames } from '../src/adapt/tasks/task.js';
import { adaptOnce, fillTable, numbers, readLines, root, weightsOf } from './adapt-results.js';
import { asLongAsEncoder, encoderOf, type Line, render, rows, rowsOf } from './adaptation-table.js';

const help = `npx tsx bench/adaptation.ts --run RUN --data SRC [options]
  --task classification or segmentation
  --labels .01,.1,1     shares of the labels
  --epochs 100,40,15    epochs for each of them
  --budget epochs       as many for all; or seconds: as long as the encoder's row takes; repeatable (default: both)
  --seeds 0,1,2         of the adaptation: its labels, order and random weights
  --row encoder         only this one, repeatable; of: ${Object.keys(rows).join('; ')}
  --name NAME           of the data (default: the last part of SRC)
  --threads N           as for iwm
  --out FILE            lines (default docs/results/adaptation.jsonl; the table lies beside it as .md)
  --render              only write the table anew
  -- OPTIONS            what else iwm adapt is told in every cell`;

const { values, positionals } = parseArgs({
  options: {
    run: { type: 'string' },
    data: { type: 'string' },
    name: { type: 'string' },
    task: { type: 'string', default: 'classification' },
    labels: { type: 'string', default: '.01,.1,1' },
    epochs: { type: 'string', default: '100,40,15' },
    seeds: { type: 'string', default: '0,1,2' },
    budget: { type: 'string', multiple: true, default: ['epochs', 'seconds'] },
    row: { type: 'string', multiple: true },
    threads: { type: 'string' },
    out: { type: 'string', default: join(root, 'docs', 'results', 'adaptation.jsonl') },
    render: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
  allowPositionals: true,
});
const task = values.task as TaskName;
const data = values.name ?? basename(values.data ?? '');
const chosenRows = values.row ?? rowsOf(task);

/** Runs one cell. */
function runCell(
  row: string,
  labels: number,
  epochs: number,
  seed: number,
): Pick<Line, 'command' | 'result'> {
  const told = [
    ...(rows[row] as readonly string[]),
    ...['--task', task],
    ...(labels < 1 ? ['--fraction', String(labels)] : []),
    ...['--seed', String(seed), '--set', `epochs=${epochs}`, '--set', 'cache.kept=memory'],
    ...(values.threads === undefined ? [] : ['--threads', values.threads]),
    ...positionals,
  ];
  const paths = [values.run ?? '', '--data', values.data ?? ''];
  const result = adaptOnce(paths, told, `${row}, ${labels} of the labels, seed ${seed}`);
  return { command: `iwm adapt RUN --data SRC --out OUT ${told.join(' ')}`, result };
}

/** Runs the cells that have no line yet. */
function runMissing(run: string): void {
  const unknown = chosenRows.find((row) => rows[row] === undefined);
  if (unknown !== undefined || !taskNames.includes(task))
    throw new Error(`no ${unknown === undefined ? `task "${task}"` : `row "${unknown}"`}\n${help}`);
  const weights = weightsOf(run);
  const epochs = numbers(values.epochs);
  for (const [i, labels] of numbers(values.labels).entries())
    for (const seed of numbers(values.seeds))
      for (const budget of ['epochs', 'seconds'] as const)
        for (const row of values.budget.includes(budget) ? chosenRows : []) {
          const mine = readLines<Line>(values.out).filter(
            (line) =>
              line.weights === weights && line.data === data && line.labels === labels && line.seed === seed,
          );
          if (mine.some((line) => line.row === row && line.budget === budget)) continue;
          const given = epochs[i] ?? epochs.at(-1) ?? 1;
          const count = budget === 'epochs' ? given : epochsIn(row, mine);
          if (count === undefined) continue;
          console.error(`${data}: ${row}, ${100 * labels} % of the labels, equal ${budget}, seed ${seed}`);
          const line: Line = {
            ...{ row, data, labels, seed, budget, epochs: count, weights },
            ...runCell(row, labels, count, seed),
          };
          appendFileSync(values.out, `${JSON.stringify(line)}\n`);
        }
}

/** Epochs of a row that take as long as the encoder's row; undefined where that is unknown, or needs no run. */
function epochsIn(row: string, lines: readonly Line[]): number | undefined {
  const encoder = encoderOf(lines)?.result;
  const own = lines.find((line) => line.row === row && line.budget === 'epochs')?.result;
  if (encoder === undefined || own === undefined || asLongAsEncoder.includes(row)) return undefined;
  const left = encoder.seconds - (own.latents?.seconds ?? 0);
  return Math.max(1, Math.floor(left / own.secondsPerEpoch));
}

const { run } = values;
fillTable(values, run !== undefined && values.data !== undefined, help, () => runMissing(run ?? ''), render);
