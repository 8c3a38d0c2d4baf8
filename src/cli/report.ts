import type { Command } from 'commander';
import { type CommonOptions, deviceOption, jsonOption, threadsOption } from './options.js';
import { createOutput } from './output.js';

/** `iwm report` */
export function registerReport(program: Command): void {
  program
    .command('report')
    .description('write the report.html of a run or an adapted model again, also while the run goes on')
    .argument('<run>', 'run folder, or one that iwm adapt has made')
    .addOption(threadsOption())
    .addOption(deviceOption())
    .addOption(jsonOption())
    .addHelpText('after', '\nExample:\n  iwm report runs/photos')
    .action(async (run: string, options: CommonOptions) => {
      const output = createOutput({ json: options.json === true });
      const { isAdapted } = await import('../adapt/model/model-folder.js');
      const { reportAdapted } = await import('../report/report-adapted.js');
      const { reportRun } = await import('../report/report-run.js');
      const { threads, device } = options;
      const report = await (isAdapted(run) ? reportAdapted : reportRun)(run, {
        log: output,
        threads,
        device,
      });
      output.result({ report }, report);
    });
}
