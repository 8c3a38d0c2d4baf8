import { type AdaptationSettings, adaptationBeside } from '../adapt/settings.js';
import type { Config } from '../run/config.js';
import { setOptions } from '../run/describe-config.js';
import { quoted } from '../words.js';

/** The command that adapts a run, as a person types it. */
export function adaptCommand(folder: string, adaptation: AdaptationSettings, pretraining: Config): string {
  const { run, tasks } = adaptation;
  const words = [
    run,
    ...tasks.flatMap(({ name, task, data }) => [
      '--task',
      `${name}=${task}`,
      ...data.flatMap((source) => ['--data', source]),
    ]),
    ...(tasks.some(({ head }) => head === 'linear') ? ['--head', 'linear'] : []),
    ...setOptions(adaptationBeside(adaptation, pretraining)),
    '--out',
    folder,
  ];
  return `npx iwm adapt ${words.map(quoted).join(' ')}`;
}
