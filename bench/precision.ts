/**
 * Does a model learn in bfloat16 what it learns in float32? Trains the demo in both from the same seeds, and measures MRR.
 *
 *   npx tsx bench/precision.ts --device cuda [--steps 500] [--seeds 3]
 *
 * Every run is a line of docs/results/precision.jsonl; the same command trains what is not there yet, and writes the table beside it.
 */
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Evaluation } from '../src/evaluate/evaluation.js';
import { folderFiles } from '../src/run/disk/folder-files.js';
import { readMetrics } from '../src/run/metrics-file.js';
import { meanAndDeviation, readLines, root } from './adapt-results.js';
import { iwm, tableOf } from './iwm.js';

const { values } = parseArgs({
  options: {
    device: { type: 'string', default: 'cuda' },
    preset: { type: 'string', default: 'demo' },
    steps: { type: 'string', default: '500' },
    seeds: { type: 'string', default: '3' },
    out: { type: 'string', default: join(root, 'docs', 'results', 'precision.jsonl') },
  },
});

/** One trained model. */
interface Line {
  readonly device: string;
  readonly preset: string;
  readonly steps: number;
  readonly precision: string;
  readonly seed: number;
  /** Of every tenth step. */
  readonly losses: readonly number[];
  readonly mrr: number;
}

const { device, preset, out } = values;
const steps = Number(values.steps);
const isAsked = (line: Line): boolean =>
  line.device === device && line.preset === preset && line.steps === steps;
const precisions = ['float32', 'bfloat16'];

mkdirSync(dirname(out), { recursive: true });
for (let seed = 0; seed < Number(values.seeds); seed++)
  for (const precision of precisions) {
    const known = readLines<Line>(out).filter(isAsked);
    if (known.some((line) => line.seed === seed && line.precision === precision)) continue;
    const line = await train(precision, seed);
    appendFileSync(out, `${JSON.stringify(line)}\n`);
  }
const table = render(readLines<Line>(out).filter(isAsked));
writeFileSync(out.replace(/(\.jsonl)?$/, '.md'), table);
console.log(table);

async function train(precision: string, seed: number): Promise<Line> {
  const folder = mkdtempSync(join(tmpdir(), 'iwm-precision-'));
  const run = join(folder, 'run');
  const set = ['--set', `precision=${precision}`, '--set', `seed=${seed}`];
  iwm('pretrain', '--preset', preset, '--steps', `${steps}`, ...set, '--device', device, '--out', run);
  // What another than the trained-on device measures is the same for both.
  const { mrr } = iwm('evaluate', run, '--data', 'synthetic') as Evaluation;
  const metrics = await readMetrics(folderFiles(run));
  const losses = metrics.flatMap((metric) => (metric.kind === 'step' ? [metric.loss] : []));
  rmSync(folder, { recursive: true });
  return { device, preset, steps, precision, seed, losses, mrr: mrr.value };
}

/** By precision, means over seeds and their deviation: the loss along the way, and the MRR at the end. */
function render(lines: readonly Line[]): string {
  const quarters = [1, 2, 3, 4].map((part) => Math.round((steps * part) / 4));
  const rows = precisions.map((precision) => {
    const own = lines.filter((line) => line.precision === precision);
    const told = (of: (line: Line) => number, digits: number): string => {
      const [mean, deviation] = meanAndDeviation(own.map(of));
      return `${mean.toFixed(digits)}${deviation === undefined ? '' : ` ± ${deviation.toFixed(digits)}`}`;
    };
    // Of the quarter that ends there: one step's loss depends on its images more than on the weights.
    const losses = quarters.map((_, part) =>
      told(({ losses }) => {
        const [begin, end] = [part, part + 1].map((at) => Math.round((losses.length * at) / 4));
        return meanAndDeviation(losses.slice(begin, end))[0];
      }, 4),
    );
    return [precision, own.length, ...losses, told(({ mrr }) => mrr, 3)];
  });
  return tableOf(['precision', 'seeds', ...quarters.map((step) => `loss to step ${step}`), 'MRR'], rows);
}
