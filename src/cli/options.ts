import { InvalidArgumentError, Option } from 'commander';
import { type Device, type DeviceCount, deviceNames } from '../engine/engine.js';
import { set as setKeys, type Tree } from '../run/settings.js';

/**
 * What the options below give a command's action. None has a default here: what was not said on the
 * command line is left to the configuration.
 */
export interface CommonOptions {
  /** 0 … 2³² − 1 */
  seed?: number;
  /** ≥ 1 */
  threads?: number;
  device?: Device;
  /** Configuration keys (`predictor.depth`) and their values; unknown keys are the configuration's to refuse. */
  set?: Record<string, unknown>;
  /** Data sources, in the order given. */
  data?: string[];
  /** Labelled images to use, ≥ 1. */
  limit?: number;
  /** Share of the labelled images to use, 0 … 1. */
  fraction?: number;
  /** Of masks the names of class 0, 1, … */
  classes?: string[];
  /** Of masks the class that counts for nothing, 0 … 255. */
  ignored?: number;
  json?: true;
}

/** `--seed <integer>` */
export const seedOption = (): Option =>
  new Option('--seed <integer>', 'seed of all randomness').argParser(integer(0, 2 ** 32 - 1));

/** `--preset <name>` */
export const presetOption = (): Option =>
  new Option('--preset <name>', 'demo, cifar, small or vit-b16 (default: cifar)');

/** `--threads <integer>` */
export const threadsOption = (): Option =>
  new Option('--threads <integer>', 'threads to compute with').argParser(integer(1));

/** `--device <name>` */
export const deviceOption = (): Option =>
  new Option(
    '--device <name>',
    `where to compute: ${deviceNames.join(', ')} or xla:PLUGIN (default: cpu; iwm devices lists this machine's)`,
  ).argParser(device);

/** `--devices <number>` */
export const devicesOption = (): Option =>
  new Option(
    '--devices <number>',
    'how many devices of that kind share out each batch, or all (default: 1)',
  ).argParser((text: string): DeviceCount => (text === 'all' ? text : integer(1)(text)));

/** `--set <key=value>`, repeatable; the last value of a key counts. */
export const setOption = (): Option =>
  new Option('--set <key=value>', 'set a key of the configuration (repeatable)').argParser(assignment);

/** `--data <source>`, repeatable. */
export const dataOption = (): Option =>
  new Option(
    '--data <source>',
    'folder of images, Parquet or tar files (folder or pattern), or synthetic (repeatable)',
  ).argParser((source: string, earlier: string[] = []) => [...earlier, source]);

/** `--limit <integer>` */
export const limitOption = (): Option =>
  new Option(
    '--limit <integer>',
    'labelled images to use, of every task so many, of every class alike',
  ).argParser(integer(1));

/** `--fraction <number>` */
export const fractionOption = (): Option =>
  new Option(
    '--fraction <number>',
    'share of the labelled images to use, of every task and class alike',
  ).argParser(number(0, 1));

/** `--classes <a,b,…>` */
export const classesOption = (): Option =>
  new Option(
    '--classes <names>',
    'names of the classes of masks, 0, 1, …, with commas between, where no dataset.json tells them',
  ).argParser((text: string) => text.split(',').map((name) => name.trim()));

/** `--ignored <class>` */
export const ignoredOption = (): Option =>
  new Option(
    '--ignored <class>',
    'class of pixels that count for nothing, where no dataset.json tells it (default: 255)',
  ).argParser(integer(0, 255));

/** What `--set` and the options for settings say of an adaptation, as a tree. */
export function adaptationSettings({ set, seed, limit, fraction, classes, ignored }: CommonOptions): Tree {
  const given = Object.entries({ seed, limit, fraction, classes, ignored }).filter(
    ([, value]) => value !== undefined,
  );
  return setKeys({}, { ...set, ...Object.fromEntries(given) });
}

/** `--json` */
export const jsonOption = (): Option =>
  new Option('--json', 'print one JSON document on standard output, progress on standard error');

/** A device's name, or `xla:` and the name or file of a plugin. */
function device(text: string): Device {
  if (/^xla:./.test(text)) return text as Device;
  const known = deviceNames.find((name) => name === text);
  if (known !== undefined) return known;
  throw new InvalidArgumentError(`Allowed choices are ${deviceNames.join(', ')}, xla:PLUGIN.`);
}

/** Parses an integer in [min, max] for `Option.argParser`; anything else is wrong usage. */
export function integer(min: number, max = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const value = /^[+-]?\d+$/.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return value;
    const range = max === Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `from ${min} to ${max}`;
    throw new InvalidArgumentError(`Give an integer ${range}.`);
  };
}

/** Parses a finite number in [min, max] for `Option.argParser`; anything else is wrong usage. */
export function number(min = -Infinity, max = Infinity): (text: string) => number {
  return (text) => {
    const value = text.trim() === '' ? Number.NaN : Number(text);
    if (Number.isFinite(value) && value >= min && value <= max) return value;
    const bounds = [
      ...(min > -Infinity ? [`at least ${min}`] : []),
      ...(max < Infinity ? [`at most ${max}`] : []),
    ];
    throw new InvalidArgumentError(
      `Give a finite number${bounds.length > 0 ? `, ${bounds.join(' and ')}` : ''}.`,
    );
  };
}

/** A value that reads as JSON (a number, true, null, a list) or is a number otherwise (.05) is that, any other is text. */
function assignment(text: string, earlier: Record<string, unknown> = {}): Record<string, unknown> {
  const [, key, value] = /^(\w[\w.-]*)=(.*)$/s.exec(text) ?? [];
  if (key === undefined || value === undefined) {
    throw new InvalidArgumentError('Give key=value, such as predictor.depth=4.');
  }
  return { ...earlier, [key]: jsonOrText(value) };
}

function jsonOrText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return /^[+-]?(\d+\.?|\d*\.\d+)$/.test(text) ? Number(text) : text;
  }
}
