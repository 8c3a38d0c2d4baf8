import { type AdaptationSettings, adaptationBeside } from '../adapt/settings.js';
import { type Config, settingsBeside } from '../run/config.js';

/** Commands that make a model again, as a person types them. */

/** What a shell takes as one word. */
function word(text: string): string {
  return /^[\w./:=@,+-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

const option = (name: string, value: string): string => `--${name} ${word(value)}`;

/** `--set` for every setting that is not as it always is. */
const settings = (changes: readonly { readonly key: string; readonly now: unknown }[]): string[] =>
  changes.map(({ key, now }) =>
    option('set', `${key}=${typeof now === 'string' ? now : JSON.stringify(now)}`),
  );

/** The command that trains a run. */
export function pretrainCommand(run: string, config: Config): string {
  const { from, preset, data, encoder } = config;
  const source = from === undefined ? encoder.source : undefined;
  const said = settingsBeside(config).filter(
    ({ key }) =>
      !['data', 'from', 'encoder.source'].includes(key) &&
      // An encoder from elsewhere brings its sizes.
      (source === undefined || !key.startsWith('encoder.')),
  );
  return [
    'npx iwm pretrain',
    from === undefined ? option('preset', preset) : option('from', from.run),
    ...(source === undefined
      ? []
      : [option('encoder', source.name), option('set', `encoder.trained=${encoder.trained}`)]),
    ...data.map((each) => option('data', each)),
    ...settings(said),
    option('out', run),
  ].join(' ');
}

/** The command that adapts a run. */
export function adaptCommand(folder: string, adaptation: AdaptationSettings, pretraining: Config): string {
  const { run, tasks } = adaptation;
  return [
    `npx iwm adapt ${word(run)}`,
    ...tasks.flatMap(({ name, task, data }) => [
      option('task', `${name}=${task}`),
      ...data.map((source) => option('data', source)),
    ]),
    ...(tasks.some(({ head }) => head === 'linear') ? [option('head', 'linear')] : []),
    ...settings(adaptationBeside(adaptation, pretraining)),
    option('out', folder),
  ].join(' ');
}
