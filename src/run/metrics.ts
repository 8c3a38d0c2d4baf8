import { z } from 'zod';
import { toCsv } from '../csv.js';
import { UserError } from '../errors.js';
import { parseJson } from '../json.js';

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
  /** Absent where it is of a single image. */
  mrrStandardError: number.optional(),
  /** Absent where the images' labels tell nothing. */
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

/**
 * What a line of metrics.jsonl says.
 * @param where file and line, for the message
 * @throws UserError where it is no metric
 */
export function parseMetric(line: string, where: string): Metric {
  const parsed = metric.safeParse(parseJson(line));
  if (parsed.success) return parsed.data;
  const { path = [], message = '' } = parsed.error.issues[0] ?? {};
  throw new UserError(
    `${where}: no metric (${[...path.map(String), message].join(': ')}); restore the file or remove the line`,
  );
}

/** Metrics as CSV, a line each: what a kind of line does not have stays empty. */
export function metricsTable(metrics: readonly Metric[]): string {
  const columns = [...new Set(['kind', ...Object.keys(stepLine.shape), ...Object.keys(health.shape)])];
  const rows = metrics.map((metric) => {
    const cells = metric as Readonly<Record<string, string | number | undefined>>;
    return columns.map((column) => cells[column] ?? '');
  });
  return toCsv(columns, rows);
}
