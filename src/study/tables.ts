import { join } from 'node:path';
import { mean, sampleStandardDeviation } from 'simple-statistics';
import { toCsv } from '../csv.js';
import { writeAtomically } from '../run/disk/atomic-file.js';
import { count } from '../words.js';
import type { Cell } from './cells.js';
import { rankCorrelation } from './correlation.js';
import { figure } from './figure.js';
import { rowsOf, type StudyRow, shownIn } from './rows.js';
import type { Study } from './study.js';

/** Writes a study's table (study.md), a row a run (runs.csv) and its figures (figure-1.svg, …) as far as it has come. */
export function writeTables(study: Study, cells: readonly Cell[], folder: string): void {
  const rows = rowsOf(study, cells, folder);
  const write = (name: string, text: string): void =>
    writeAtomically(join(folder, name), [new TextEncoder().encode(text)]);
  write('study.md', `${markdown(study, rows, cells.length)}\n`);
  write('runs.csv', `${csv(study, rows)}\n`);
  study.figures?.forEach((asked, i) => {
    write(`figure-${i + 1}.svg`, figure(study, asked, shownIn(asked, rows)));
  });
}

/** The rows by their arm, the seeds of one together. */
function byArm(rows: readonly StudyRow[]): StudyRow[][] {
  const armOf = ({ cell }: StudyRow): string => JSON.stringify(cell.levels);
  return [...new Set(rows.map(armOf))].map((arm) => rows.filter((row) => armOf(row) === arm));
}

/** Mean and standard deviation over seeds. */
function summary(values: readonly number[]): string {
  if (values.length === 0) return '–';
  const spread = values.length > 1 ? ` ± ${sampleStandardDeviation([...values]).toPrecision(2)}` : '';
  return `${mean([...values]).toPrecision(3)}${spread}`;
}

function markdown(study: Study, rows: readonly StudyRow[], cells: number): string {
  const axes = Object.keys(study.axes);
  const columns = Object.keys(study.columns);
  const line = (fields: readonly (string | number)[]): string => `| ${fields.join(' | ')} |`;
  const failures = rows.filter(({ failure }) => failure !== undefined);
  const machines = new Set(rows.map(({ machine }) => machine));
  return [
    `# ${study.name}`,
    '',
    study.about,
    '',
    `- Expected: ${study.expected}`,
    `- Cost: ${study.cost}`,
    `- Command: npx iwm study ${study.name}${[...study.data.map((each) => ` --data ${each}`), ...(study.test ?? []).map((each) => ` --test ${each}`)].join('')}`,
    `- Preset ${study.preset}, data ${study.data.join(' + ')}${study.test ? `, measured on ${study.test.join(' + ')}` : ''}${study.settings ? `, ${JSON.stringify(study.settings)}` : ''}`,
    `- ${rows.length} of ${count(cells, 'run')} begun, ${failures.length} failed; mean ± standard deviation over seeds ${study.seeds.join(', ')}; on ${[...machines].join('; ')}`,
    '',
    line([...axes, 'runs', ...columns, 'minutes']),
    line([...axes, 'runs', ...columns, 'minutes'].map((_, i) => (i < axes.length ? '---' : '--:'))),
    ...byArm(rows).map((group) =>
      line([
        ...axes.map((axis) => group[0]?.cell.levels[axis] ?? ''),
        group.length,
        ...columns.map((column) => summary(group.flatMap(({ numbers }) => numbers[column] ?? []))),
        (mean(group.map(({ seconds }) => seconds)) / 60).toFixed(1),
      ]),
    ),
    ...failures.map(({ cell, failure }) => `\n${cell.name} failed: ${failure}`),
    ...correlations(study, rows),
  ].join('\n');
}

/** Of every figure of two columns, how their orders agree over its runs. */
function correlations({ figures = [], columns }: Study, rows: readonly StudyRow[]): string[] {
  return figures.flatMap((asked) => {
    const { x, y, without = [] } = asked;
    if (columns[x] === undefined) return [];
    const pairs = byArm(shownIn(asked, rows)).map((arm) =>
      arm.flatMap(({ numbers: { [x]: a, [y]: b } }) =>
        a === undefined || b === undefined ? [] : [[a, b] as const],
      ),
    );
    const measured = pairs.filter((arm) => arm.length > 0);
    const found = rankCorrelation(measured);
    if (found === undefined) return [];
    const { value, low, high } = found;
    return [
      `\n${x} and ${y}, ${count(measured.flat().length, 'run')} of ${count(measured.length, 'model')}${without.length > 0 ? ` (without ${without.join(', ')})` : ''}: Spearman's rank correlation ${value.toFixed(2)} (95 % by the bootstrap over models: ${low.toFixed(2)} … ${high.toFixed(2)})`,
    ];
  });
}

function csv({ axes, columns }: Study, rows: readonly StudyRow[]): string {
  const [axisNames, columnNames] = [Object.keys(axes), Object.keys(columns)];
  return toCsv(
    [...axisNames, 'seed', ...columnNames, 'seconds', 'machine', 'settings', 'failure'],
    rows.map(({ cell, numbers, seconds, machine, failure }) => [
      ...axisNames.map((axis) => cell.levels[axis] ?? ''),
      cell.seed,
      ...columnNames.map((column) => numbers[column] ?? ''),
      seconds.toFixed(1),
      machine,
      JSON.stringify(cell.settings),
      failure ?? '',
    ]),
  );
}
