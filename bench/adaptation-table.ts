import type { AdaptationResult } from '../src/adapt/result.js';

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
  readonly epochs: number;
  /** Beginning of the SHA-256 of the pretrained weights. */
  readonly weights: string;
  readonly command: string;
  readonly result: Omit<AdaptationResult, 'model'>;
}

function meanAndDeviation(numbersOf: readonly number[]): [mean: number, deviation: number | undefined] {
  const mean = numbersOf.reduce((a, b) => a + b, 0) / numbersOf.length;
  const squares = numbersOf.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return [mean, numbersOf.length > 1 ? Math.sqrt(squares / (numbersOf.length - 1)) : undefined];
}

/** A table for each pretrained model; a column for each share of the labels and number of epochs. */
export function render(lines: readonly Line[]): string {
  const tables = [...new Set(lines.map(({ weights }) => weights))].map((weights) => {
    const own = lines.filter((line) => line.weights === weights);
    const columns = [...new Set(own.map(({ labels, epochs }) => `${labels} ${epochs}`))].sort(
      (a, b) => Number.parseFloat(a) - Number.parseFloat(b),
    );
    const heading = columns.map((column) => {
      const [labels, epochs] = column.split(' ');
      return `${100 * Number(labels)} % of the labels, ${epochs} epochs`;
    });
    const body = Object.keys(rows).flatMap((row) => {
      const mine = own.filter((line) => line.row === row);
      if (mine.length === 0) return [];
      const cells = columns.map((column) => {
        const found = mine.filter(({ labels, epochs }) => `${labels} ${epochs}` === column);
        if (found.length === 0) return '–';
        const [mean, deviation] = meanAndDeviation(
          found.map(({ result }) => 100 * (result.tasks[0]?.accuracy ?? 0)),
        );
        const seconds = meanAndDeviation(found.map(({ result }) => result.secondsPerEpoch))[0];
        return `${mean.toFixed(2)}${deviation === undefined ? '' : ` ± ${deviation.toFixed(2)}`} (${found.length}), ${seconds.toFixed(2)} s`;
      });
      const { trainableParameters, multiplyAddsPerImage } = (mine[0] as Line).result;
      return [
        `| ${row} | ${(trainableParameters / 1e6).toFixed(3)} | ${(multiplyAddsPerImage / 1e6).toFixed(1)} | ${cells.join(' | ')} |`,
      ];
    });
    return [
      `Pretrained weights ${weights}. A cell is top-1 in per cent, mean ± standard deviation over seeds (their number), and seconds an epoch.`,
      '',
      `| | trained, M | multiply-adds an image and step, M | ${heading.join(' | ')} |`,
      `| --- | ---: | ---: | ${heading.map(() => '---: |').join(' ')}`,
      ...body,
      '',
      `Asked: ${own[0]?.result.protocol.asked}. ${own[0]?.result.protocol.accuracy}.`,
    ].join('\n');
  });
  return `# Adaptation\n\nWritten by \`bench/adaptation.ts\` from the lines in \`adaptation.jsonl\`, which hold every command and number.\n\n${tables.join('\n\n')}\n`;
}
