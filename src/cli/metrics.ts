import type { Command } from 'commander';
import { type CommonOptions, jsonOption } from './options.js';
import { createOutput } from './output.js';

/** `iwm metrics` */
export function registerMetrics(program: Command): void {
  program
    .command('metrics')
    .description('print what a run has logged as CSV, also while it goes on')
    .argument('<run>', 'run folder')
    .addOption(jsonOption())
    .addHelpText('after', '\nExample:\n  iwm metrics runs/demo > demo.csv')
    .action(async (run: string, options: CommonOptions) => {
      const { folderStore } = await import('../run/disk/folder-files.js');
      const { readConfig } = await import('../run/disk/run-folder.js');
      const { metricsTable } = await import('../run/metrics.js');
      // Says so where the folder is none of a run.
      readConfig(run);
      const metrics = await folderStore(run).metrics();
      createOutput({ json: options.json === true }).result(metrics, metricsTable(metrics));
    });
}
