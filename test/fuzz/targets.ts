import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import sharp from 'sharp';
import { readDatasetJson } from '../../src/data/dataset-file.js';
import { decodeImage } from '../../src/data/encoded-image.js';
import { EncodedImages } from '../../src/data/encoded-images.js';
import { HeldGroups } from '../../src/data/held-groups.js';
import { decodeMask } from '../../src/data/mask.js';
import { openSource } from '../../src/data/open-source.js';
import { ParquetRows } from '../../src/data/parquet-rows.js';
import { UserError } from '../../src/errors.js';
import { BadSamples } from '../../src/run/bad-samples.js';
import { resolve } from '../../src/run/config.js';
import { folderStore } from '../../src/run/disk/folder-files.js';
import { readKept, writeKept } from '../../src/run/disk/kept-numbers.js';
import { readConfig } from '../../src/run/disk/run-folder.js';
import { readSafetensors } from '../../src/run/disk/safetensors-file.js';
import { stepConfig } from '../../src/train/step.js';
import { initialState } from '../../src/train/trainer.js';
import { layouts } from '../../src/world-model/index.js';
import { tarHeader, tarOf } from '../data/tar.js';
import { tiny } from '../train/tiny-run.js';
import { mendPng, mendTar } from './mutate.js';

/** A file that would be written if a tar's names were taken for paths. */
export const ESCAPED = '/iwm-escaped.jpg';

/** One parser: makes inputs from good ones, and reads them. */
export interface Target {
  readonly name: string;
  readonly good: readonly Uint8Array[];
  /** Reads an input in a folder of its own. @throws only what {@link expected} allows */
  read(input: Buffer, folder: string): Promise<unknown>;
  /** Makes damaged input look sound from outside. */
  readonly mend?: (input: Buffer) => Buffer;
  /** Errors that are the parser's own; by default UserError. */
  readonly expected?: (error: Error) => boolean;
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

/** Reads the first images of a Parquet file a page or two at a time. */
async function readPieces(path: string): Promise<void> {
  const { length } = await openSource(path, undefined);
  const rows = new ParquetRows(new HeldGroups(), 300);
  for (let row = 0; row < Math.min(length, 32); row++) await rows.at(path, 'image', row);
}

const into =
  (name: string, read: (path: string, folder: string) => unknown) =>
  async (input: Buffer, folder: string): Promise<unknown> => {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), input);
    return read(join(folder, name), folder);
  };

const images = (JSON.parse(fixture('decode.json').toString()) as { images: { name: string; file: string }[] })
  .images;
const encodedImages = images.map(({ file }) => Buffer.from(file, 'base64'));
/** PNG files of at most 8 bits, grey or with a palette. */
const masks = encodedImages.filter(
  (file, i) => images[i]?.name.endsWith('.png') && Number(file[24]) <= 8 && [0, 3].includes(Number(file[25])),
);
const tars = ['ustar', 'gnu', 'pax'].map((form) => fixture(`webdataset-${form}.tar`));
const refusal = ({ message }: Error): boolean => /^(not a |too large: )/.test(message);

/** Tars whose names lead out of any folder. */
const hostile = [
  tarOf({ '../escaped.jpg': encodedImages[0] as Buffer, '../escaped.cls': '1' }),
  tarOf({ [ESCAPED]: encodedImages[0] as Buffer }),
  Buffer.concat([linkTo('/'), tarOf({ [`out${ESCAPED}`]: encodedImages[0] as Buffer })]),
];

/** A tar's header of a link `out` to a place. */
function linkTo(place: string): Buffer {
  const header = tarHeader('out', 0, '2');
  header.write(place, 157);
  return mendTar(header);
}

/** A file that something of ours wrote, read back. */
async function written(name: string, write: (folder: string) => unknown): Promise<Buffer> {
  const folder = mkdtempSync(join(tmpdir(), 'iwm-written-'));
  try {
    await write(folder);
    return readFileSync(join(folder, name));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const small = stepConfig(resolve('demo', { ...tiny, 'encoder.width': 8, 'predictor.depth': 1 }));
const { state } = initialState(small, 0);
const parts = layouts(small.model);
const checkpoint = 'checkpoints/step-0000001.safetensors';
const checkpoints = [await written(checkpoint, (run) => folderStore(run).save(1, state, parts, 1))];
const key = 'k';
const kept = [
  await written(`${key}.safetensors`, (folder) =>
    writeKept({ folder, key, rows: 4, limit: 2 ** 30 }, new Uint16Array(64)),
  ),
];
const jsonLines = (...lines: unknown[]): Buffer =>
  Buffer.from(lines.map((line) => `${JSON.stringify(line)}\n`).join(''));

/** JPEGs that are decoded without resizing. */
const SIDE = 24;
const jpegs = await Promise.all(
  [{}, { progressive: true }, { chromaSubsampling: '4:4:4' }].map((options) =>
    sharp(encodedImages[0]).resize(SIDE, SIDE).jpeg(options).toBuffer(),
  ),
);

export const targets: readonly Target[] = [
  { name: 'images', good: encodedImages, read: (input) => decodeImage(input, 16), expected: refusal },
  { name: 'JPEG as it is', good: jpegs, read: (input) => decodeImage(input, SIDE), expected: refusal },
  { name: 'masks', good: masks, read: async (input) => decodeMask(input), expected: refusal },
  {
    name: 'masks, checksums mended',
    good: masks,
    read: async (input) => decodeMask(input),
    expected: refusal,
    mend: mendPng,
  },
  { name: 'tar', good: tars, read: into('a.tar', readSource) },
  { name: 'tar, checksums mended', good: tars, read: into('a.tar', readSource), mend: mendTar },
  { name: 'tar whose names lead out of it', good: hostile, read: into('a.tar', readSource), mend: mendTar },
  { name: 'gzipped tar', good: tars.map((tar) => gzipSync(tar)), read: into('a.tar.gz', readSource) },
  {
    name: 'tar damaged before it was gzipped',
    good: tars,
    read: into('a.tgz', readSource),
    mend: (input) => gzipSync(mendTar(input), { level: 1 }),
  },
  {
    name: 'Parquet',
    good: ['snappy', 'gzip', 'zstd', 'brotli', 'lz4', 'plain', 'pages-1'].map((codec) =>
      fixture(`${codec}.parquet`),
    ),
    read: into('a.parquet', readSource),
  },
  {
    name: 'Parquet in pieces',
    // Not pages of version 2, whose reader believes what a damaged length of a run says (docs/reliability.md).
    good: [fixture('pages-1.parquet')],
    read: into('a.parquet', readPieces),
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
  {
    name: 'metrics.jsonl',
    good: [
      jsonLines(
        {
          kind: 'health',
          ...{ step: 0, mrr: 0.1, mrrL2: 0.1, mrrStandardError: 0, knn: 0.5, rankMe: 3, featureDeviation: 1 },
          verdict: 'fine',
        },
        {
          kind: 'step',
          ...{ step: 1, images: 2, loss: 0.5, gradientNorm: 1, learningRate: 1, weightDecay: 0, momentum: 1 },
          ...{ imagesPerSecond: 9, inputShare: 0.01 },
        },
      ),
    ],
    read: into('metrics.jsonl', (_, folder) => folderStore(folder).metrics()),
  },
  {
    name: 'bad-samples.jsonl',
    good: [jsonLines({ sample: 'a.png', reason: 'empty' }, { sample: 'b.tar, c.jpg', reason: 'cut off' })],
    read: into('bad-samples.jsonl', (_, folder) =>
      BadSamples.open({ list: folderStore(folder).badSamples, images: 10, share: 1 }),
    ),
  },
  {
    name: 'images.json',
    good: [
      Buffer.from(
        JSON.stringify({ names: ['a', 'b'], heldOut: [{ name: 'a', digest: '01' }], trained: ['02'] }),
      ),
    ],
    read: into('images.json', (_, folder) => folderStore(folder).images()),
  },
  { name: 'safetensors', good: checkpoints, read: into('a.safetensors', readSafetensors) },
  {
    name: 'checkpoint',
    good: checkpoints,
    read: into(checkpoint, (_, folder) => folderStore(folder).load(state, parts, () => {})),
  },
  {
    name: 'kept numbers',
    good: kept,
    read: into(`${key}.safetensors`, (_, folder) => readKept(folder, key, 'F16')),
    expected: (error) => error instanceof UserError || /its numbers have changed$/.test(error.message),
  },
];
