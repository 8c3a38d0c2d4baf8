import type { TaskResult } from '../src/adapt/result.js';
import { type CellResult, describeMean, meanAndDeviation, score } from './adapt-results.js';

/** One line of the results. */
export interface Line {
  /** `together`, or the name of the task that was learned alone. */
  readonly cell: string;
  /** All tasks that are compared, NAME=KIND. */
  readonly tasks: readonly string[];
  readonly seed: number;
  readonly epochs: number;
  /** What else `iwm adapt` was told. */
  readonly told: string;
  /** Beginning of the SHA-256 of the pretrained weights. */
  readonly weights: string;
  readonly command: string;
  readonly result: CellResult;
}

export const TOGETHER = 'together';

/** What makes lines comparable. */
export const settingOf = ({
  weights,
  epochs,
  tasks,
  told,
}: Pick<Line, 'weights' | 'epochs' | 'tasks' | 'told'>): string =>
  `Pretrained weights ${weights}, ${epochs} epochs, ${tasks.join(', ')}${told === '' ? '' : `, ${told}`}`;

/** What a line says of a task. */
function scoreOf({ result }: Line, name: string): number {
  return score(result.tasks.find((task) => task.name === name) as TaskResult);
}

/** The table of one setting: of each task, and of all on average, one predictor for all against one each. */
function renderSetting(lines: readonly Line[]): string {
  const [first] = lines as [Line];
  const names = first.tasks.map((task) => task.slice(0, task.indexOf('=')));
  const of = (cell: string, seed: number): Line | undefined =>
    lines.find((line) => line.cell === cell && line.seed === seed);
  const seeds = [...new Set(lines.map(({ seed }) => seed))];
  // Only seeds of which every cell has been run are compared.
  const whole = seeds.flatMap((seed) => {
    const together = of(TOGETHER, seed);
    const alone = names.map((name) => of(name, seed)).filter((line) => line !== undefined);
    return together === undefined || alone.length < names.length ? [] : [{ together, alone }];
  });
  if (whole.length === 0) return `${settingOf(first)}: no seed is finished.`;
  const pairs = names.map((name, i) =>
    whole.map(({ together, alone }): [number, number] => [
      scoreOf(together, name),
      scoreOf(alone[i] as Line, name),
    ]),
  );
  const mean = (values: readonly number[]): number => meanAndDeviation(values)[0];
  const averages = whole.map((_, seed): [number, number] => [
    mean(pairs.map((all) => all[seed]?.[0] as number)),
    mean(pairs.map((all) => all[seed]?.[1] as number)),
  ]);
  const row = (name: string, all: readonly [number, number][]): string =>
    `| ${name} | ${describeMean(all.map(([a]) => a))} | ${describeMean(all.map(([, b]) => b))} | ${describeMean(all.map(([a, b]) => a - b))} |`;
  const cost = (what: (result: CellResult) => number, digits: number, name: string): string => {
    const one = mean(whole.map(({ together }) => what(together.result)));
    const each = mean(whole.map(({ alone }) => alone.reduce((sum, { result }) => sum + what(result), 0)));
    return `| ${name} | ${one.toFixed(digits)} | ${each.toFixed(digits)} | ${(one / each).toFixed(2)} × |`;
  };
  return [
    `${settingOf(first)}. Per cent, mean ± standard deviation over seeds (their number); the difference is of equal seeds.`,
    '',
    `| | one predictor for all | one for each | difference |`,
    '| --- | ---: | ---: | ---: |',
    ...names.map((name, i) => row(name, pairs[i] ?? [])),
    row('**average**', averages),
    cost(({ trainableParameters }) => trainableParameters / 1e6, 3, 'trained parameters, M, in all'),
    cost(({ secondsPerEpoch }) => secondsPerEpoch, 2, 'seconds an epoch of all images'),
    cost(({ seconds }) => seconds, 0, 'seconds in all, latents included'),
    '',
    `Asked: ${whole[0]?.together.result.protocol.asked}. Mixed: ${whole[0]?.together.result.protocol.tasks}.`,
  ].join('\n');
}

/** A table for each setting. */
export function render(lines: readonly Line[]): string {
  const settings = [...new Set(lines.map(settingOf))];
  const tables = settings.map((setting) =>
    renderSetting(lines.filter((line) => settingOf(line) === setting)),
  );
  return `# Several tasks at once\n\nWritten by \`bench/multi-task.ts\` from the lines in \`multi-task.jsonl\`, which hold every command and number.\n\n${tables.join('\n\n')}\n`;
}
