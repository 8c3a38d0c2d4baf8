import { UserError } from '../errors.js';
import type { Config } from '../run/config.js';
import { pretrainCommand } from '../run/describe-config.js';

import { folderStore } from '../run/disk/folder-files.js';
import { readConfig } from '../run/disk/run-folder.js';
import type { Health, StepLine } from '../run/metrics.js';
import { type Look, type LookOptions, lookAt, unseen } from './look.js';
import { writeReport } from './report.js';

/**
 * Writes `report.html` into a run's folder: its curves, and of a few held-out images what the model sees in them and
 * what the predictor answers. Of a run that is not finished, or whose images are gone, the curves and why there is no more.
 * @returns the path of the page
 * @throws UserError where the folder holds no run; the reason of `signal`
 */
export async function reportRun(run: string, options: LookOptions = {}): Promise<string> {
  const config = readConfig(run);
  const metrics = await folderStore(run).metrics();
  return writeReport(run, {
    name: run,
    command: pretrainCommand(run, config),
    config,
    steps: metrics.filter((metric): metric is { kind: 'step' } & StepLine => metric.kind === 'step'),
    health: metrics.filter((metric): metric is { kind: 'health' } & Health => metric.kind === 'health'),
    ...(await lookOrReason(run, config, options)),
  });
}

/** What can be shown of model and images, or in a line why nothing can. */
async function lookOrReason(run: string, config: Config, options: LookOptions): Promise<Look> {
  try {
    return await lookAt(run, config, options);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    options.log?.note(`report: no pictures: ${error.message}`);
    return unseen(`Pictures: none: ${error.message}.`);
  }
}
