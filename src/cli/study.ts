import { type Command, Option } from 'commander';
import { UserError } from '../errors.js';
import { describeStudies } from '../study/shipped.js';
import { count } from '../words.js';
import { interruptible } from './interruption.js';
import { type CommonOptions, dataOption, integer, jsonOption } from './options.js';
import { createOutput } from './output.js';

interface StudyCommand extends CommonOptions {
  out?: string;
  test?: string[];
  jobs?: number;
  budget?: number;
}

/** `iwm study` */
export function registerStudy(program: Command): void {
  program
    .command('study')
    .description('run a small grid of runs that a file declares, and write their table; goes on where it was')
    .argument('<study>', 'one of those below, or a file of your own')
    .addOption(dataOption())
    .addOption(
      new Option(
        '--test <source>',
        'labelled images to measure on, in place of those that the study names (repeatable)',
      ).argParser((source: string, earlier: string[] = []) => [...earlier, source]),
    )
    .option('--out <folder>', 'folder to make, or to go on with (default: studies/<name>)')
    .addOption(new Option('--jobs <integer>', 'runs at a time (default: 1)').argParser(integer(1)))
    .addOption(
      new Option(
        '--budget <time>',
        'stop after so long, such as 45m or 3h; the same command goes on',
      ).argParser(seconds),
    )
    .addOption(jsonOption())
    .addHelpText(
      'after',
      () =>
        `\nStudies:\n${describeStudies()}\n\nExample:\n  iwm study paper --data photos/ --jobs 2 --budget 3h`,
    )
    .action(async (asked: string, options: StudyCommand) => {
      const { readStudy } = await import('../study/study.js');
      const { runStudy } = await import('../study/run-study.js');
      const output = createOutput({ json: options.json === true });
      const { data, test, jobs, budget } = options;
      const declared = readStudy(asked);
      const study = { ...declared, ...(data ? { data } : {}), ...(test ? { test } : {}) };
      if (study.data.length === 0) throw new UserError(`${asked} names no data; give --data`, 2);
      const out = options.out ?? `studies/${study.name}`;
      const iwm = [process.execPath, ...process.execArgv, process.argv[1] ?? ''] as const;
      const again = ['npx iwm study', asked, ...(options.out === undefined ? [] : ['--out', out])].join(' ');
      const result = await interruptible(
        again,
        () => output.note('stopping what is running; once more to stop at once'),
        (signal) =>
          runStudy(study, {
            ...{ out, iwm, signal, log: output },
            ...(jobs === undefined ? {} : { jobs }),
            ...(budget === undefined ? {} : { budget }),
          }),
      );
      const left = result.left === 0 ? '' : `; ${count(result.left, 'run')} left, the same command goes on`;
      output.result(result, `table     ${out}/study.md${left}\nruns      ${out}/runs.csv`);
    });
}

/** `90s`, `45m`, `3h` */
function seconds(text: string): number {
  const [, number, unit] = /^(\d+(?:\.\d+)?)([smh])$/.exec(text) ?? [];
  if (number === undefined) throw new UserError(`--budget ${text}: give a time such as 90s, 45m or 3h`, 2);
  return Number(number) * { s: 1, m: 60, h: 3600 }[unit as 's' | 'm' | 'h'];
}
