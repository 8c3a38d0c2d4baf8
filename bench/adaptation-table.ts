import { type CellResult, describeMean, meanAndDeviation } from './adapt-results.js';

/** A row of the table: its name and what `iwm adapt` is told. */
export const rows: Readonly<Record<string, readonly string[]>> = {
  'frozen + linear': ['--tune', 'head', '--head', 'linear'],
  'frozen + attentive': ['--tune', 'head'],
  'frozen + random predictor': ['--tune', 'predictor', '--predictor', 'random'],
  'frozen + pretrained predictor': ['--tune', 'predictor'],
  'as above, context not computed': ['--tune', 'predictor', '--set', 'predictor.contextBlocks=0'],
  'as above, a quarter of the positions': [
    ...['--tune', 'predictor', '--set', 'predictor.contextBlocks=0', '--set', 'predictor.stride=2'],
  ],
  'as above, a sixteenth of the positions': [
    ...['--tune', 'predictor', '--set', 'predictor.contextBlocks=0', '--set', 'predictor.stride=4'],
  ],
  encoder: ['--tune', 'encoder'],
  all: ['--tune', 'all'],
  'encoder from scratch': ['--tune', 'encoder', '--set', 'encoder.weights=random'],
};

/** One line of the results. */
export interface Line {
  readonly row: string;
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

/** One cell: accuracy over seeds, and what it took. */
function cell(lines: readonly Line[]): string {
  if (lines.length === 0) return '–';
  const accuracy = lines.map(({ result }) => 100 * (result.history.at(-1)?.accuracy ?? 0));
  const each = meanAndDeviation(lines.map(({ result }) => result.secondsPerEpoch))[0];
  const all = meanAndDeviation(lines.map(({ result }) => result.seconds))[0];
  return `${describeMean(accuracy)}; ${lines[0]?.epochs} × ${each.toFixed(2)} s, ${all.toFixed(0)} s`;
}

/** A table for each pretrained model; a column for each share of the labels and each budget. */
export function render(lines: readonly Line[]): string {
  const tables = [...new Set(lines.map(({ weights }) => weights))].map((weights) => {
    const own = lines.filter((line) => line.weights === weights);
    const columns = [...new Set(own.map(({ labels, budget }) => `${labels} ${budget}`))].sort(
      (a, b) => Number.parseFloat(a) - Number.parseFloat(b) || a.localeCompare(b),
    );
    const heading = columns.map((column) => {
      const [labels, budget] = column.split(' ');
      return `${100 * Number(labels)} % of the labels, equal ${budget}`;
    });
    const body = Object.keys(rows).flatMap((row) => {
      const mine = own.filter((line) => line.row === row);
      const [first] = mine;
      if (first === undefined) return [];
      const cells = columns.map((column) =>
        cell(mine.filter(({ labels, budget }) => `${labels} ${budget}` === column)),
      );
      const { trainableParameters, multiplyAddsPerImage } = first.result;
      return [
        `| ${row} | ${(trainableParameters / 1e6).toFixed(3)} | ${(multiplyAddsPerImage / 1e6).toFixed(1)} | ${cells.join(' | ')} |`,
      ];
    });
    return [
      `Pretrained weights ${weights}. A cell is top-1 in per cent, mean ± standard deviation over seeds (their number); epochs × seconds an epoch, and seconds in all with the latents computed anew.`,
      '',
      `| | trained, M | multiply-adds an image and step, M | ${heading.join(' | ')} |`,
      `| --- | ---: | ---: | ${heading.map(() => '---: |').join(' ')}`,
      ...body,
      '',
      `Asked: ${own[0]?.result.protocol.asked}. Accuracy: ${own[0]?.result.protocol.accuracy}.`,
    ].join('\n');
  });
  return `# Adaptation\n\nWritten by \`bench/adaptation.ts\` from the lines in \`adaptation.jsonl\`, which hold every command and number.\n\n${tables.join('\n\n')}\n`;
}
