import { quoted } from '../words.js';
import { type Config, complete } from './config.js';
import { presets } from './presets.js';
import { differences, get } from './settings.js';

/** What a configuration says beside its preset's name; what only follows from that goes without saying. */
export function settingsBeside(config: Config): readonly { readonly key: string; readonly now: unknown }[] {
  const { preset } = config;
  const changes = differences(complete(preset, {}), config);
  return changes.filter(({ key, now }) => {
    const others = changes.filter((change) => change.key !== key);
    const without = complete(preset, Object.fromEntries(others.map((change) => [change.key, change.now])));
    return JSON.stringify(get(without, key)) !== JSON.stringify(now);
  });
}

/** A configuration in a line: its preset, and what was set otherwise. */
export function describeConfig(config: Config): string {
  const { preset } = config;
  if (!Object.hasOwn(presets, preset)) return preset;
  const text = (value: unknown): string =>
    Array.isArray(value) && value.every((each) => typeof each === 'string')
      ? value.join(' + ')
      : JSON.stringify(value);
  return [`preset ${preset}`, ...settingsBeside(config).map(({ key, now }) => `${key} ${text(now)}`)].join(
    ', ',
  );
}

/** `--set` for each of some settings, as words of a command line. */
export const setOptions = (changes: readonly { readonly key: string; readonly now: unknown }[]): string[] =>
  changes.flatMap(({ key, now }) => [
    '--set',
    `${key}=${typeof now === 'string' ? now : JSON.stringify(now)}`,
  ]);

/**
 * The command line that makes a run of this configuration, whoever began it and how.
 * @param run its folder
 */
export function pretrainCommand(run: string, config: Config): string {
  const { preset, data, from, encoder } = config;
  const source = from === undefined ? encoder.source : undefined;
  // A run that began with another's weights has its settings and data but for what is set; saying more does no harm.
  const begin = from === undefined ? ['--preset', preset] : ['--from', from.run];
  const sources = data.flatMap((each) => ['--data', each]);
  // An encoder from elsewhere brings its sizes.
  const said = settingsBeside(config).filter(
    ({ key }) =>
      key !== 'data' &&
      !/^from\b/.test(key) &&
      key !== 'encoder.source' &&
      (source === undefined || key === 'encoder.trained' || !key.startsWith('encoder.')),
  );
  const theirs = source === undefined ? [] : ['--encoder', source.name];
  return `npx iwm pretrain ${[...begin, ...theirs, ...sources, ...setOptions(said), '--out', run].map(quoted).join(' ')}`;
}
