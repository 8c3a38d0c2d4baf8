import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { wholeLines } from '../../json-file.js';
import { type Metric, parseMetric } from '../metrics.js';
import { writeAtomically } from './atomic-file.js';

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
  const path = pathIn(run);
  return wholeLines(path).map((line, i) => ({ line, read: parseMetric(line, `${path}, line ${i + 1}`) }));
}
