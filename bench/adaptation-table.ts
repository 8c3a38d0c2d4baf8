import type { TaskName } from '../src/adapt/tasks/task.js';
import { type CellResult, describeMean, meanAndDeviation, score } from './adapt-results.js';

/** Pretrained weights learn as fast as the head, not at the published tenth of its rate. */
const wholeRate = ['--set', 'optimiser.pretrained=1'];

/** The pretrained predictor asked more cheaply. */
const form = (contextBlocks: number, stride: number): string[] => [
  ...['--tune', 'predictor', '--set', `predictor.contextBlocks=${contextBlocks}`],
  ...['--set', `predictor.stride=${stride}`],
];

/** In training half of the context is seen, drawn anew for every image and step. */
const half = ['--set', 'predictor.visible=.5'];

/** A row of the table: its name and what `iwm adapt` is told. */
export const rows: Readonly<Record<string, readonly string[]>> = {
  'frozen + linear': ['--tune', 'head', '--head', 'linear'],
  'frozen + attentive': ['--tune', 'head', '--head', 'attentive'],
  'frozen + dense': ['--tune', 'head', '--head', 'dense'],
  'frozen + random predictor': ['--tune', 'predictor', '--predictor', 'random'],
  'frozen + pretrained predictor': ['--tune', 'predictor'],
  'as above, context not computed': ['--tune', 'predictor', '--set', 'predictor.contextBlocks=0'],
  'as above, a quarter of the positions': form(0, 2),
  'as above, a sixteenth of the positions': form(0, 4),
  encoder: ['--tune', 'encoder'],
  all: ['--tune', 'all'],
  'frozen + pretrained predictor, whole rate': ['--tune', 'predictor', ...wholeRate],
  'as above, a quarter of the positions, whole rate': [...form(0, 2), ...wholeRate],
  'as above, a sixteenth of the positions, whole rate': [...form(0, 4), ...wholeRate],
  'as above, context computed in one block, a quarter of the positions, whole rate': [
    ...form(1, 2),
    ...wholeRate,
  ],
  'as above, context computed in one block, a sixteenth of the positions, whole rate': [
    ...form(1, 4),
    ...wholeRate,
  ],
  'as above, half of the context seen in training and computed in one block, a sixteenth of the positions, whole rate':
    [...form(1, 4), ...half, ...wholeRate],
  'as above, half of the context seen in training and computed in two blocks, a sixteenth of the positions, whole rate':
    [...form(2, 4), ...half, ...wholeRate],
  'encoder, whole rate': ['--tune', 'encoder', ...wholeRate],
  'all, whole rate': ['--tune', 'all', ...wholeRate],
  'encoder from scratch': ['--tune', 'encoder', '--set', 'encoder.weights=random'],
};

/** Rows of a kind of task: a head suits only its own. */
export const rowsOf = (task: TaskName): string[] =>
  Object.keys(rows).filter((row) =>
    (task === 'segmentation' ? ['frozen + linear', 'frozen + attentive'] : ['frozen + dense']).every(
      (other) => row !== other,
    ),
  );

/** Rows that the others' seconds are measured by, the first of them that was run: a learning rate takes no time. */
const encoders = ['encoder', 'encoder, whole rate'];
/** Rows whose steps cost what the encoder's do, so as many epochs take as many seconds. */
export const asLongAsEncoder: readonly string[] = [...encoders, 'encoder from scratch'];

/** The encoder's line among those of one share of the labels and one seed. */
export const encoderOf = (lines: readonly Line[]): Line | undefined =>
  encoders.flatMap((row) => lines.filter((line) => line.row === row && line.budget === 'epochs'))[0];

/** One line of the results. */
export interface Line {
  readonly row: string;
  /** Name of the data. */
  readonly data: string;
  readonly labels: number;
  readonly seed: number;
  /** As many epochs as all rows, or as many as the encoder's row takes seconds, latents included. */
  readonly budget: 'epochs' | 'seconds';
  readonly epochs: number;
  /** Beginning of the SHA-256 of the pretrained weights. */
  readonly weights: string;
  readonly command: string;
  readonly result: CellResult;
}

/** One cell: the score over seeds, and what it took. */
function cell(lines: readonly Line[]): string {
  const [first] = lines;
  if (first === undefined) return '–';
  const of = (what: (result: CellResult) => number): number[] => lines.map(({ result }) => what(result));
  const top5 = first.result.tasks[0]?.classes === 10 ? [] : of(top5Of).filter((value) => value > 0);
  const each = meanAndDeviation(of(({ secondsPerEpoch }) => secondsPerEpoch))[0];
  const all = meanAndDeviation(of(({ seconds }) => seconds))[0];
  const epochs = [...new Set(lines.map((line) => line.epochs))].sort((a, b) => a - b).join('/');
  return [
    describeMean(of(scoreOf)),
    ...(top5.length > 0 ? [`top-5 ${describeMean(top5)}`] : []),
    `${epochs} × ${each.toFixed(2)} s, ${all.toFixed(0)} s`,
  ].join('; ');
}

const scoreOf = ({ tasks: [task] }: CellResult): number => (task === undefined ? 0 : score(task));
const top5Of = ({ tasks: [task] }: CellResult): number =>
  task?.task === 'classification' ? 100 * (task.top5 ?? 0) : 0;

/** Of a row against the encoder's with equal labels, epochs and seed, on average. */
function ratio(row: readonly Line[], all: readonly Line[], what: (result: CellResult) => number): string {
  const ratios = row.flatMap((line) => {
    const encoder = encoderOf(all.filter(({ labels, seed }) => labels === line.labels && seed === line.seed));
    return line.budget === 'epochs' && encoder !== undefined
      ? [what(line.result) / what(encoder.result)]
      : [];
  });
  return ratios.length === 0 ? '–' : `${meanAndDeviation(ratios)[0].toFixed(2)} ×`;
}

/** The table of one pretrained model on one set of data; a column for each share of the labels and each budget. */
function renderTable(lines: readonly Line[]): string {
  const [first] = lines as [Line];
  const columns = [...new Set(lines.map(({ labels, budget }) => `${labels} ${budget}`))].sort(
    (a, b) => Number.parseFloat(a) - Number.parseFloat(b) || a.localeCompare(b),
  );
  const heading = columns.map((column) => {
    const [labels, budget] = column.split(' ');
    return `${100 * Number(labels)} % of the labels, equal ${budget}`;
  });
  const body = Object.keys(rows).flatMap((row) => {
    const mine = lines.filter((line) => line.row === row);
    const [any] = mine;
    if (any === undefined) return [];
    const cells = columns.map((column) =>
      cell(mine.filter(({ labels, budget }) => `${labels} ${budget}` === column)),
    );
    const { trainableParameters, multiplyAddsPerImage } = any.result;
    return [
      `| ${[
        row,
        (trainableParameters / 1e6).toFixed(3),
        (multiplyAddsPerImage / 1e6).toFixed(1),
        ratio(mine, lines, (result) => result.multiplyAddsPerImage),
        ratio(mine, lines, (result) => result.secondsPerEpoch),
        ...cells,
      ].join(' | ')} |`,
    ];
  });
  const { protocol, tasks } = first.result;
  return [
    `## ${first.data}`,
    '',
    `Pretrained weights ${first.weights}. A cell is ${tasks[0]?.task === 'segmentation' ? 'mIoU' : 'top-1'} in per cent, mean ± standard deviation over seeds (their number); epochs × seconds an epoch, and seconds in all with the latents computed anew. Equal seconds are those of the encoder's row.`,
    '',
    `| | trained, M | multiply-adds an image and step, M | as counted, to the encoder's | an epoch as measured, to the encoder's | ${heading.join(' | ')} |`,
    `| --- |${' ---: |'.repeat(4 + heading.length)}`,
    ...body,
    '',
    `Asked: ${protocol.asked}. Measured: ${protocol.accuracy ?? protocol.meanIou ?? ''}.`,
  ].join('\n');
}

/** A table for each pretrained model and each set of data. */
export function render(lines: readonly Line[]): string {
  const keys = new Map<string, Line[]>();
  for (const line of lines) {
    const key = `${line.data} ${line.weights}`;
    keys.set(key, [...(keys.get(key) ?? []), line]);
  }
  const tables = [...keys.values()].map(renderTable);
  return `# Adaptation\n\nWritten by \`bench/adaptation.ts\` from the lines in \`adaptation.jsonl\`, which hold every command and number.\n\n${tables.join('\n\n')}\n`;
}
