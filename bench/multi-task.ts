// Several tasks at once: one predictor that serves them all against one for each, after as many epochs. Every cell is
// one `iwm adapt` in a process of its own and one line of the results; cells that have their line are not run again.
// Usage: npx tsx bench/multi-task.ts --help
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { adaptOnce, fillTable, numbers, readLines, root, weightsOf } from './adapt-results.js';
import { type Line, render, settingOf, TOGETHER } from './multi-task-table.js';

const help = `npx tsx bench/multi-task.ts --run RUN --task NAME=KIND --data SRC --task NAME=KIND --data SRC … [options] [-- OPTIONS]
  --epochs 15           of every task's images, together and alone
  --seeds 0,1,2         of the adaptation: its order and random weights
  --tune predictor      as for iwm
  --threads N           as for iwm
  --out FILE            lines (default docs/results/multi-task.jsonl; the table lies beside it as .md)
  --render              only write the table anew
  -- OPTIONS            what else iwm adapt is told in every cell, such as --fraction .1`;

const { values, positionals } = parseArgs({
  options: {
    run: { type: 'string' },
    task: { type: 'string', multiple: true, default: [] },
    data: { type: 'string', multiple: true, default: [] },
    epochs: { type: 'string', default: '15' },
    seeds: { type: 'string', default: '0,1,2' },
    tune: { type: 'string', default: 'predictor' },
    threads: { type: 'string' },
    out: { type: 'string', default: join(root, 'docs', 'results', 'multi-task.jsonl') },
    render: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
  allowPositionals: true,
});

/** Runs the cells that have no line yet. */
function runMissing(run: string): void {
  const { task: tasks, data, tune, threads, out } = values;
  const setting = {
    tasks,
    epochs: Number(values.epochs),
    told: ['--tune', tune, ...positionals].join(' '),
    weights: weightsOf(run),
  };
  const cells = [
    { cell: TOGETHER, chosen: [...tasks.keys()] },
    ...tasks.map((task, i) => ({ cell: task.slice(0, task.indexOf('=')), chosen: [i] })),
  ];
  for (const seed of numbers(values.seeds))
    for (const { cell, chosen } of cells) {
      const isThis = (line: Line): boolean =>
        line.cell === cell && line.seed === seed && settingOf(line) === settingOf(setting);
      if (readLines<Line>(out).some(isThis)) continue;
      const what = `${cell}, seed ${seed}`;
      console.error(what);
      const ofTasks = (source: (i: number) => string): string[] =>
        chosen.flatMap((i) => ['--task', tasks[i] ?? '', '--data', source(i)]);
      const told = [
        ...['--tune', tune, '--seed', String(seed), '--set', `epochs=${setting.epochs}`],
        // Room for the latents of all tasks at once, so that both ways find theirs kept.
        ...['--set', 'cache.kept=memory', '--set', 'cache.gigabytes=8', ...positionals],
        ...(threads === undefined ? [] : ['--threads', threads]),
      ];
      const result = adaptOnce([run, ...ofTasks((i) => data[i] ?? '')], told, what);
      const command = `iwm adapt RUN ${ofTasks((i) => `SRC${i + 1}`).join(' ')} --out OUT ${told.join(' ')}`;
      const line: Line = { cell, seed, ...setting, command, result };
      appendFileSync(out, `${JSON.stringify(line)}\n`);
    }
}

const pairs = values.task.length > 1 && values.task.length === values.data.length;
const named = values.task.every((task) => task.includes('='));
const { run } = values;
fillTable(values, run !== undefined && pairs && named, help, () => runMissing(run ?? ''), render);
