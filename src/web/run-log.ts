import { UserError } from '../errors.js';
import { parseJson } from '../json.js';
import { type Config, check } from '../run/config.js';
import { type Metric, parseMetric } from '../run/metrics.js';
import type { RunSource } from './run-source.js';

/** What a JSON file of a run's folder holds, not checked. @throws UserError where it is missing or damaged */
export async function readJson(run: RunSource, file: string): Promise<unknown> {
  const json = parseJson(new TextDecoder().decode(await run.read(file)));
  if (json === undefined) throw new UserError(`${run.name}/${file} is not valid JSON`);
  return json;
}

/** The configuration of a run. @throws UserError where it is missing, damaged, or none */
export async function readConfig(run: RunSource): Promise<Config> {
  return check(await readJson(run, 'config.json'));
}

/**
 * What a run has logged, also while it goes on: a last line that is half written is left out.
 * @throws UserError naming a line that is no metric
 */
export async function readMetrics(run: RunSource): Promise<readonly Metric[]> {
  const text = new TextDecoder().decode(await run.read('metrics.jsonl'));
  const lines = text.split('\n').slice(0, -1);
  return lines.map((line, i) => parseMetric(line, `${run.name}/metrics.jsonl, line ${i + 1}`));
}
