import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { UserError } from '../errors.js';
import { parseJson, wholeLines } from '../json-file.js';
import { writeAtomically } from './safetensors.js';

const number = z.number();
const step = z.int().min(0);

const stepLine = z.object({
  step,
  images: number,
  /** Mean over the steps since the line before, or since the run was resumed. */
  loss: number,
  gradientNorm: number,
  learningRate: number,
  weightDecay: number,
  momentum: number,
  imagesPerSecond: number,
  /** Share of the time of these steps spent waiting for and sampling input. */
  inputShare: number,
});

const health = z.object({
  step,
  mrr: number,
  mrrL2: number,
  mrrStandardError: number,
  /** Absent where the images have no labels. */
  knn: number.optional(),
  rankMe: number,
  featureDeviation: number,
  verdict: z.string(),
});

const metric = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('step'), ...stepLine.shape }),
  z.object({ kind: z.literal('health'), ...health.shape }),
]);

/** One logged step. */
export type StepLine = Readonly<z.infer<typeof stepLine>>;
/** One measurement of how the world model does. */
export type Health = Readonly<z.infer<typeof health>>;
/** What metrics.jsonl holds, in order. */
export type Metric = Readonly<z.infer<typeof metric>>;

const pathIn = (run: string): string => join(run, 'metrics.jsonl');

/** Appends one line to metrics.jsonl and has it on the disk before it returns. */
export function writeMetric(run: string, metric: Metric): void {
  const path = pathIn(run);
  try {
    appendFileSync(path, `${JSON.stringify(metric)}\n`, { flush: true });
  } catch (error) {
    throw Object.assign(error as Error, { path });
  }
}

/**
 * All whole lines of metrics.jsonl, also while the run goes on; a last line that was cut off is left out.
 * @throws UserError naming any other line that is no metric
 */
export function readMetrics(run: string): Metric[] {
  return readLines(run).map(({ read }) => read);
}

/** Forgets what was logged after `step`, so that a resumed run logs it once. @throws UserError as {@link readMetrics} */
export function truncateMetrics(run: string, step: number): void {
  const path = pathIn(run);
  const kept = readLines(run).filter(({ read }) => read.step <= step);
  const text = kept.map(({ line }) => `${line}\n`).join('');
  if (existsSync(path) && text !== readFileSync(path, 'utf8'))
    writeAtomically(path, [new TextEncoder().encode(text)]);
}

function readLines(run: string): { readonly line: string; readonly read: Metric }[] {
  return wholeLines(pathIn(run)).map((line, i) => {
    const parsed = metric.safeParse(parseJson(line));
    if (parsed.success) return { line, read: parsed.data };
    const { path = [], message = '' } = parsed.error.issues[0] ?? {};
    throw new UserError(
      `${pathIn(run)}, line ${i + 1}: no metric (${[...path.map(String), message].join(': ')}); restore the file or remove the line`,
    );
  });
}
