import { quoted } from '../words.js';
import { type Config, complete, presets } from './config.js';
import { differences, get } from './settings.js';

/** A key that was set otherwise than the preset has it. */
interface Change {
  readonly key: string;
  readonly now: unknown;
}

/** What was set otherwise than the preset has it; what only follows from the others goes without saying. */
function changesOf(config: Config): readonly Change[] {
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
  return [`preset ${preset}`, ...changesOf(config).map(({ key, now }) => `${key} ${text(now)}`)].join(', ');
}

/**
 * The command line that makes a run of this configuration, whoever began it and how; undefined for a preset that there
 * is no more.
 * @param out its folder
 */
export function pretrainCommand(config: Config, out: string): string | undefined {
  const { preset, data, from } = config;
  if (!Object.hasOwn(presets, preset)) return undefined;
  const text = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));
  // A run that began with another's weights has its settings and data but for what is set; saying more does no harm.
  const begin = from === undefined ? ['--preset', preset] : ['--from', from.run];
  const sources = data.flatMap((source) => ['--data', source]);
  const settings = changesOf(config).flatMap(({ key, now }) =>
    key === 'data' || key.startsWith('from') ? [] : ['--set', `${key}=${text(now)}`],
  );
  return ['npx iwm pretrain', ...[...begin, ...sources, ...settings, '--out', out].map(quoted)].join(' ');
}
