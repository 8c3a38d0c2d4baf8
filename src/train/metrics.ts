import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { UserError } from '../errors.js';
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
  return wholeLines(run).map((line, i) => {
    const parsed = metric.safeParse(parse(line));
    if (parsed.success) return parsed.data;
    const { path = [], message = '' } = parsed.error.issues[0] ?? {};
    throw new UserError(
      `${pathIn(run)}, line ${i + 1}: no metric (${[...path.map(String), message].join(': ')}); restore the file or remove the line`,
    );
  });
}

/** Forgets what was logged after `step`, so that a resumed run logs it once. @throws UserError as {@link readMetrics} */
export function truncateMetrics(run: string, step: number): void {
  const lines = wholeLines(run);
  const metrics = readMetrics(run);
  const kept = lines.filter((_, i) => (metrics[i]?.step ?? 0) <= step).map((line) => `${line}\n`);
  const text = kept.join('');
  if (existsSync(pathIn(run)) && text !== readFileSync(pathIn(run), 'utf8'))
    writeAtomically(pathIn(run), [new TextEncoder().encode(text)]);
}

function wholeLines(run: string): string[] {
  return existsSync(pathIn(run)) ? readFileSync(pathIn(run), 'utf8').split('\n').slice(0, -1) : [];
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
