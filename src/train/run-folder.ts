import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../errors.js';
import { type Config, check } from './config.js';
import { writeAtomically } from './safetensors.js';

/** One logged step. */
export interface StepLine {
  readonly step: number;
  readonly images: number;
  readonly loss: number;
  readonly gradientNorm: number;
  readonly learningRate: number;
  readonly weightDecay: number;
  readonly momentum: number;
  readonly imagesPerSecond: number;
}

/** One measurement of how the world model does. */
export interface Health {
  readonly step: number;
  readonly mrr: number;
  readonly mrrL2: number;
  readonly mrrStandardError: number;
  /** Absent where the images have no labels. */
  readonly knn?: number;
  readonly rankMe: number;
  readonly featureDeviation: number;
  readonly verdict: string;
}

/** What metrics.jsonl holds, in order. */
export type Metric = ({ readonly kind: 'step' } & StepLine) | ({ readonly kind: 'health' } & Health);

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Makes a new run folder and writes its configuration. @throws UserError where something is there already */
export function createRun(run: string, config: Config): void {
  if (existsSync(run) && readdirSync(run).length > 0)
    throw new UserError(`${run} exists already; choose another --out, or continue that run with --resume`);
  mkdirSync(run, { recursive: true });
  writeAtomically(join(run, 'config.json'), [encode(`${JSON.stringify(config, null, 2)}\n`)]);
}

/** The configuration of a run. @throws UserError where the folder is none of ours or the file is damaged */
export function readConfig(run: string): Config {
  const file = join(run, 'config.json');
  if (!existsSync(file)) throw new UserError(`${run} is no run folder: ${file} is missing`);
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    throw new UserError(`${file} is not valid JSON`);
  }
  return check(json);
}

/** Appends one line to metrics.jsonl. */
export function writeMetric(run: string, metric: Metric): void {
  appendFileSync(join(run, 'metrics.jsonl'), `${JSON.stringify(metric)}\n`);
}

/** All whole lines of metrics.jsonl; a last line torn by a crash is left out. */
export function readMetrics(run: string): Metric[] {
  const file = join(run, 'metrics.jsonl');
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').split('\n');
  return lines.slice(0, -1).flatMap((line) => (line === '' ? [] : [JSON.parse(line) as Metric]));
}

/** Forgets what was logged after `step`, so that a resumed run logs it once. */
export function truncateMetrics(run: string, step: number): void {
  const kept = readMetrics(run).filter((metric) => metric.step <= step);
  writeAtomically(join(run, 'metrics.jsonl'), [
    encode(kept.map((metric) => `${JSON.stringify(metric)}\n`).join('')),
  ]);
}
