import { basename, resolve } from 'node:path';
import { percent } from '../words.js';
import { type Files, graphFiles } from './graph-files.js';
import type { Effects } from './measured-effect.js';
import type { Precision } from './store-smaller.js';

/** `README.md` of an export, which hubs show as its model card: what all cards are made of. */

/** What a card says of a graph in each precision. */
export interface Graphs {
  readonly files: Files;
  readonly effects: Effects;
}

/** What the export in a folder is called. */
export const nameOf = (folder: string): string => basename(resolve(folder));
export const list = (names: readonly string[]): string => names.map((name) => `\`${name}\``).join(' + ');
export const code = (language: string, ...lines: readonly string[]): string =>
  [`\`\`\`${language}`, ...lines, '```'].join('\n');
const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;

export function table(rows: readonly (readonly string[])[], head: readonly string[] = ['', '']): string {
  return [row(head), row(head.map(() => '---')), ...rows.map(row)].join('\n');
}

/** A whole card: what hubs read of it, then its parts. @param pipeline of transformers.js */
export function card(pipeline: string, tags: readonly string[], parts: readonly string[]): string {
  const front = [
    '---',
    'library_name: transformers.js',
    `pipeline_tag: ${pipeline}`,
    `tags: [${tags.join(', ')}]`,
    '---',
  ];
  return `${[front.join('\n'), ...parts].join('\n\n')}\n`;
}

/** The files of a graph, and how their answers differ. */
export function graphTable({ files, effects }: Graphs): string {
  const rows = Object.entries(graphFiles).map(([precision, path]) => {
    const { difference, knn, agreement } = effects.of[precision as Precision];
    const bytes = (files.get(path) ?? []).reduce((sum, part) => sum + part.length, 0);
    const quality = knn ?? agreement;
    return [
      `\`${path}\``,
      `${(bytes / 2 ** 20).toFixed(1)} MiB`,
      precision === 'float32' ? '0' : difference.toExponential(1),
      ...(quality === undefined ? [] : [percent(quality)]),
    ];
  });
  const { knn, agreement } = effects.of.float32;
  const asks = knn !== undefined ? ['k-NN'] : agreement !== undefined ? ['same answers'] : [];
  return `${table(rows, ['file', 'size', 'relative difference', ...asks])}\n\nCompared on ${effects.images}. The smaller files store their numbers in 16 and 8 bits and compute with them in 32.`;
}
