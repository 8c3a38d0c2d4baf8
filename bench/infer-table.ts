// The tables of bench/infer.ts, from its lines.
import { meanAndError } from '../src/evaluate/ranks.js';
import { type Action, actionNames } from '../src/world-model/index.js';

/** How pairs are drawn: an image and a jittered version of it, or two views as training draws them, but whole. */
export const KINDS = ['from the image', 'as trained'] as const;
export type Kind = (typeof KINDS)[number];

const WAYS = ['infer', 'regression', 'pixels', 'mean'] as const;
const headings: Readonly<Record<(typeof WAYS)[number], string>> = {
  infer: '`iwm infer`',
  regression: 'regression',
  pixels: 'pixels alone',
  mean: 'the mean',
};

/** What a line was measured on. */
interface Setting {
  readonly weights: string;
  readonly seed: number;
  /** Images, in words. */
  readonly asked: string;
  /** Pairs that the regression is fitted on. */
  readonly fitted: number;
}

/** One pair. */
export interface PairLine extends Setting {
  readonly kind: Kind;
  readonly number: number;
  readonly truth: Action;
  readonly found: Readonly<Record<(typeof WAYS)[number], Action>>;
  /** Of the inferred action's prediction, and where nothing is done. */
  readonly distance: number;
  readonly nothing: number;
}

/** One chain: the squared error after each link. */
export interface ChainLine extends Setting {
  readonly kind: 'chain';
  readonly number: number;
  readonly composed: readonly number[];
  readonly atOnce: readonly number[];
  readonly nothing: readonly number[];
}

export type Line = PairLine | ChainLine;

const settingOf = ({ weights, seed, asked, fitted }: Setting): string =>
  JSON.stringify({ weights, seed, asked, fitted });

/** Mean ± standard error. */
function averaged(values: readonly number[]): string {
  const { mean, standardError = 0 } = meanAndError(values);
  return `${mean.toFixed(3)} ± ${standardError.toFixed(3)}`;
}

function pairs(kind: Kind, lines: readonly PairLine[]): string[] {
  if (lines.length === 0) return [];
  const error = (line: PairLine, way: (typeof WAYS)[number], name: (typeof actionNames)[number]): number =>
    Math.abs((line.found[way][name] ?? 0) - (line.truth[name] ?? 0));
  const varied = actionNames.filter((name) => lines.some(({ truth }) => (truth[name] ?? 0) !== 0));
  const title = {
    'from the image': 'From an image to a jittered version of it',
    'as trained': 'From view to view, both jittered, the first perhaps grey, blurred or solarized',
  }[kind];
  return [
    `**${title}**, ${lines.length} pairs:`,
    '',
    `| mean absolute error | ${WAYS.map((way) => headings[way]).join(' | ')} |`,
    `| --- | ${WAYS.map(() => '---:').join(' | ')} |`,
    ...varied.map(
      (name) =>
        `| ${name} | ${WAYS.map((way) => averaged(lines.map((line) => error(line, way, name)))).join(' | ')} |`,
    ),
    '',
  ];
}

function chains(lines: readonly ChainLine[]): string[] {
  const [first] = lines;
  if (first === undefined) return [];
  const column = (key: 'composed' | 'atOnce' | 'nothing', link: number): string =>
    averaged(lines.map((line) => line[key][link] ?? 0));
  return [
    `**Chains** from an image through random versions of it, ${lines.length} of them; squared error of the predicted latents:`,
    '',
    '| actions | predictions on predictions | their sum at once | no action |',
    '| --- | ---: | ---: | ---: |',
    ...first.composed.map(
      (_, link) =>
        `| ${link + 1} | ${column('composed', link)} | ${column('atOnce', link)} | ${column('nothing', link)} |`,
    ),
    '',
  ];
}

/** The page of all settings that there are lines of. */
export function render(lines: readonly Line[]): string {
  const settings = [...new Set(lines.map(settingOf))];
  const parts = settings.flatMap((setting) => {
    const own = lines.filter((line) => settingOf(line) === setting);
    const [{ weights, seed, asked, fitted } = own[0] as Line] = own;
    return [
      `Weights ${weights}, seed ${seed}; asked: ${asked}.`,
      '',
      ...KINDS.flatMap((kind) =>
        pairs(
          kind,
          own.filter((line): line is PairLine => line.kind === kind),
        ),
      ),
      ...chains(own.filter((line): line is ChainLine => line.kind === 'chain')),
      `Regression: ridge on the mean-pooled target-encoder latents of both images, as in the action R², fitted on ${fitted.toLocaleString('en-US')} pairs of training images drawn alike; the mean is theirs.`,
      '',
    ];
  });
  return `# Which action was it?

Written by \`bench/infer.ts\` from the lines in \`infer.jsonl\`. Mean ± standard error over pairs. Brightness, contrast and
saturation are differences of factors, hue is in circles; of what destroyed the first image only whether it did (0 or 1).

Pixels alone: the search of \`iwm infer\` with the action applied to the first image's pixels and compared with the second's.
It is told what the transformations are, which the world model had to learn; from an image to a version of it this is
exact but for what was cut off at black and white. What destroyed an image cannot be undone in pixels.

${parts.join('\n')}`;
}
