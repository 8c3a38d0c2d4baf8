import { type Metric, parseMetric } from './metrics.js';
import { placeOf, type RunFiles, type RunSource, readLines, readText, writeText } from './run-files.js';

const FILE = 'metrics.jsonl';

const parse = (run: RunSource, line: string, i: number): Metric =>
  parseMetric(line, `${placeOf(run, FILE)}, line ${i + 1}`);

/**
 * All whole lines of metrics.jsonl, also while the run goes on; a last line that was cut off is left out.
 * @throws UserError naming any other line that is no metric
 */
export async function readMetrics(run: RunSource): Promise<Metric[]> {
  return (await readLines(run, FILE)).map((line, i) => parse(run, line, i));
}

/** Adds one line to metrics.jsonl, which is kept when this is done. */
export function addMetric(run: RunFiles, metric: Metric): Promise<void> {
  return run.append(FILE, `${JSON.stringify(metric)}\n`);
}

/** Forgets what was logged after `step`, so that a resumed run logs it once. @throws UserError as {@link readMetrics} */
export async function forgetAfter(run: RunFiles, step: number): Promise<void> {
  const lines = await readLines(run, FILE);
  const kept = lines.filter((line, i) => parse(run, line, i).step <= step);
  const text = kept.map((line) => `${line}\n`).join('');
  if (text !== ((await readText(run, FILE)) ?? '')) await writeText(run, FILE, text);
}
