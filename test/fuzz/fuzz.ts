import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { readDatasetJson } from '../../src/data/dataset-json.js';
import { decodeImage } from '../../src/data/encoded-image.js';
import { EncodedImages } from '../../src/data/encoded-images.js';
import { decodeMask } from '../../src/data/mask.js';
import { openSource } from '../../src/data/open-source.js';
import { UserError } from '../../src/errors.js';
import { type Random, random } from '../../src/random.js';
import { resolve } from '../../src/train/config.js';
import { readConfig } from '../../src/train/run-folder.js';
import { mendTar, mutate } from './mutate.js';

/** More processor time than this for one input is a hang; by the clock, a busy machine would make many. */
const MOST_MILLISECONDS = 2000;

/** One parser: makes inputs from good ones, and reads them. */
interface Target {
  readonly name: string;
  readonly good: readonly Uint8Array[];
  /** Reads an input in a folder of its own. @throws only what {@link expected} allows */
  read(input: Buffer, folder: string): Promise<unknown>;
  /** Makes damaged input look sound from outside. */
  readonly mend?: (input: Buffer) => Buffer;
  /** Errors that are the parser's own; by default UserError. */
  readonly expected?: (error: Error) => boolean;
}

/** How often each target was read, refused, and what went wrong. */
export interface Outcome {
  readonly name: string;
  inputs: number;
  read: number;
  refused: number;
  slowest: number;
  readonly failures: string[];
}

const fixture = (name: string): Buffer => readFileSync(new URL(`../fixtures/${name}`, import.meta.url));
const text = (value: unknown): Buffer => Buffer.from(JSON.stringify(value, null, 2));

/** Opens a source and reads its first images, encoded. */
async function readSource(path: string): Promise<void> {
  const { pixels, masks, length } = await openSource(path, undefined);
  masks?.();
  const encoded = new EncodedImages();
  try {
    for (let at = 0; at < Math.min(length, 8); at++) await encoded.read({ source: pixels, at });
  } finally {
    await encoded.close();
  }
}

const into =
  (name: string, read: (path: string, folder: string) => unknown) =>
  async (input: Buffer, folder: string): Promise<unknown> => {
    writeFileSync(join(folder, name), input);
    return read(join(folder, name), folder);
  };

const images = (JSON.parse(fixture('decode.json').toString()) as { images: { name: string; file: string }[] })
  .images;
const encodedImages = images.map(({ file }) => Buffer.from(file, 'base64'));
const tars = ['ustar', 'gnu', 'pax'].map((form) => fixture(`webdataset-${form}.tar`));
const refusal = ({ message }: Error): boolean => /^(not a |too large: )/.test(message);

const targets: readonly Target[] = [
  { name: 'images', good: encodedImages, read: (input) => decodeImage(input, 16), expected: refusal },
  {
    name: 'masks',
    good: encodedImages.filter((_, i) => images[i]?.name.endsWith('.png')),
    read: async (input) => decodeMask(input),
    expected: refusal,
  },
  { name: 'tar', good: tars, read: into('a.tar', readSource) },
  { name: 'tar, checksums mended', good: tars, read: into('a.tar', readSource), mend: mendTar },
  { name: 'gzipped tar', good: tars.map((tar) => gzipSync(tar)), read: into('a.tar.gz', readSource) },
  {
    name: 'tar damaged before it was gzipped',
    good: tars,
    read: into('a.tgz', readSource),
    mend: (input) => gzipSync(mendTar(input), { level: 1 }),
  },
  {
    name: 'Parquet',
    good: ['snappy', 'gzip', 'zstd', 'brotli', 'lz4', 'plain'].map((codec) => fixture(`${codec}.parquet`)),
    read: into('a.parquet', readSource),
  },
  {
    name: 'config.json',
    good: [text(resolve('demo')), text(resolve('vit-b16'))],
    read: into('config.json', (_, folder) => readConfig(folder)),
  },
  {
    name: 'dataset.json',
    good: [text({ classes: ['sky', 'road'], ignored: 11, splits: { train: ['a', 'b/c'], val: ['d'] } })],
    read: into('dataset.json', (_, folder) => readDatasetJson(folder).splitOf?.('b/c')),
  },
];

/**
 * Feeds damaged inputs to every parser of outside bytes, in turn. The same `count` and `seed` give the same inputs.
 * @param log is told the place of each input before it is read, so that a crash can be traced
 */
export async function fuzz(
  count: number,
  seed: number,
  log: (line: string) => void = () => {},
): Promise<Outcome[]> {
  const outcomes = targets.map(
    ({ name }): Outcome => ({ name, inputs: 0, read: 0, refused: 0, slowest: 0, failures: [] }),
  );
  const root = mkdtempSync(join(tmpdir(), 'iwm-fuzz-'));
  try {
    for (let place = 0; place < count; place++) {
      const target = targets[place % targets.length] as Target;
      const outcome = outcomes[place % targets.length] as Outcome;
      log(`${place} ${target.name}`);
      await tryOne(target, outcome, random(seed, place), join(root, String(place)));
    }
    return outcomes;
  } finally {
    rmSync(root, { recursive: true });
  }
}

async function tryOne(target: Target, outcome: Outcome, draw: Random, folder: string): Promise<void> {
  const { good, mend = (input) => input, expected = (error) => error instanceof UserError } = target;
  const input = mend(mutate(good[draw.integer(good.length)] as Uint8Array, draw));
  mkdirSync(folder);
  outcome.inputs++;
  const start = process.cpuUsage();
  try {
    await target.read(input, folder);
    outcome.read++;
  } catch (error) {
    if (error instanceof Error && expected(error)) outcome.refused++;
    else outcome.failures.push(`input ${folder}: ${error instanceof Error ? error.stack : error}`);
  }
  const { user, system } = process.cpuUsage(start);
  const took = (user + system) / 1000;
  outcome.slowest = Math.max(outcome.slowest, took);
  if (took > MOST_MILLISECONDS) outcome.failures.push(`input ${folder}: took ${Math.round(took)} ms`);
  if (readdirSync(folder).length > 1) outcome.failures.push(`input ${folder}: wrote ${readdirSync(folder)}`);
  rmSync(folder, { recursive: true });
}
