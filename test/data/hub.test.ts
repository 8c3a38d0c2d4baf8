import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { openImages } from '../../src/data/images.js';
import { openSource } from '../../src/data/open-source.js';
import type { Split } from '../../src/data/splits.js';
import { UserError } from '../../src/errors.js';

const folder = mkdtempSync(join(tmpdir(), 'iwm-hub-'));
const file = readFileSync(new URL('../fixtures/snappy.parquet', import.meta.url));
const facts = Buffer.from('{"splits": {"train": ["a/0"], "test": ["a/1.parquet"]}}');
/** What the hub has: the files of each data set. */
const hub: Readonly<Record<string, Readonly<Record<string, Buffer>>>> = {
  'owner/pictures': {
    'data/train-00000-of-00001.parquet': file,
    'data/validation-00000-of-00001.parquet': file,
    'README.md': file,
  },
  'owner/configurations': {
    'data/train/0000.parquet': file,
    'large/test-0.parquet': file,
    'large/train-0.parquet': file,
    'en/fr/validation/0.parquet': file,
  },
  'owner/folders': {
    'data/train/0000.parquet': file,
    'data/train/0001.parquet': file,
    'data/test/0000.parquet': file,
    'data/extra.parquet': file,
    'old.zip': file,
    'logo.png': file,
  },
  'owner/listed': { 'a/0.parquet': file, 'a/1.parquet': file, 'dataset.json': facts },
  'owner/deep': { 'a/0.parquet': file, 'a/dataset.json': facts },
  'owner/twice': { 'a/0.parquet': file, 'a/dataset.json': facts, 'dataset.json': facts },
  'owner/photos': { 'cats/1.jpg': file, 'dogs.zip': file },
};
const variables = ['HF_ENDPOINT', 'HF_TOKEN', 'XDG_CACHE_HOME'] as const;
const kept = variables.map((name) => process.env[name]);

/** What was asked for, as `path first-last`, without the probes for one byte. */
let asked: string[] = [];
/** Answers are cut off after so many bytes, so often. */
let cut = { bytes: 0, times: 0 };
/** What is served in place of the file. */
let served = file;

/** As much of the hub's protocol as downloading needs. */
const server = createServer((request, response) => {
  const url = new URL(request.url ?? '', 'http://hub');
  const [, name = ''] = /^(?:\/api)?\/datasets\/([^/]+\/[^/]+)/.exec(url.pathname) ?? [];
  const files = hub[name];
  if (request.headers.authorization !== 'Bearer hf_secret' || files === undefined)
    return response.writeHead(401, { 'content-type': 'application/json' }).end('{"error": "no"}');
  if (url.pathname === `/api/datasets/${name}/tree/main`) {
    const entries = Object.entries(files).map(([path, bytes]) => ({
      type: 'file',
      path,
      size: bytes.length,
      oid: createHash('sha1').update(path).digest('hex'),
      ...(path.endsWith('.parquet') && {
        lfs: { oid: createHash('sha256').update(bytes).digest('hex'), size: bytes.length, pointerSize: 130 },
      }),
    }));
    return response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(entries));
  }
  const [, path = ''] = url.pathname.split('/resolve/main/');
  const whole = files[path] === file ? served : (files[path] ?? Buffer.alloc(0));
  const [, first = '0', last = String(whole.length - 1)] =
    /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? [];
  const bytes = whole.subarray(Number(first), Number(last) + 1);
  response.writeHead(206, {
    etag: '"content"',
    'content-length': bytes.length,
    'content-range': `bytes ${first}-${last}/${whole.length}`,
  });
  if (last !== '0') asked.push(`${path.split('/').at(-1)} ${first}-${last}`);
  if (last === '0' || cut.times-- <= 0) return response.end(bytes);
  return response.write(bytes.subarray(0, cut.bytes), () => setTimeout(() => response.destroy(), 50));
});

before(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
beforeEach(() => {
  asked = [];
  cut = { bytes: 0, times: 0 };
  process.env.HF_ENDPOINT = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  process.env.HF_TOKEN = 'hf_secret';
  process.env.XDG_CACHE_HOME = mkdtempSync(join(folder, 'cache-'));
});
after(() => {
  server.closeAllConnections();
  server.close();
  rmSync(folder, { recursive: true });
  variables.forEach((name, i) => {
    if (kept[i] === undefined) delete process.env[name];
    else process.env[name] = kept[i];
  });
});

test('a data set is downloaded once, the wanted split alone', async () => {
  const images = await openImages(['hf:owner/pictures'], { size: 4 });
  assert.equal(images.split, 'train');
  assert.deepEqual([...(images.labels ?? [])], [0, 1, 2, 2, 1, 0]);
  assert.equal((await images.batch([0]))[0], 1);
  await images.close();
  assert.deepEqual(asked, [`train-00000-of-00001.parquet 0-${file.length - 1}`]);
  asked = [];
  assert.equal((await openImages(['hf:owner/pictures:train'], { size: 4 })).length, 6);
  assert.deepEqual(asked, []);
  await assert.rejects(
    openImages(['hf:owner/pictures'], { size: 4, split: 'test' }),
    /no test split; there are train, val/,
  );
  await assert.rejects(
    openImages(['hf:owner/pictures:train'], { size: 4, split: 'validation' }),
    /this is train alone/,
  );
});

test('a download that breaks off goes on where it was', async () => {
  cut = { bytes: 1000, times: 2 };
  const images = await openImages(['hf:owner/pictures:val'], { size: 4 });
  assert.equal(images.length, 6);
  assert.equal(images.split, 'validation');
  const last = file.length - 1;
  const name = 'validation-00000-of-00001.parquet';
  assert.deepEqual(asked, [`${name} 0-${last}`, `${name} 1000-${last}`, `${name} 2000-${last}`]);
});

test('what comes damaged is not kept', async () => {
  served = Buffer.alloc(file.length, 'x');
  await assert.rejects(
    openImages(['hf:owner/pictures'], { size: 4 }),
    /train-00000-of-00001\.parquet came damaged; try again/,
  );
  served = file;
  assert.equal((await openImages(['hf:owner/pictures'], { size: 4 })).length, 6);
});

const look = async (source: string, split?: Split) => {
  const { length, notes = [], ...found } = await openSource(source, split);
  return { length, split: found.split, notes };
};

test('of several configurations one is named, with its split after it', async () => {
  const name = 'hf:owner/configurations';
  await assert.rejects(
    openSource(name, undefined),
    new UserError(
      `${name}: several configurations: default, en/fr, large; give one, such as ${name}/default`,
      2,
    ),
  );
  assert.deepEqual(asked, []);
  assert.deepEqual(await look(`${name}/large`), { length: 6, split: 'train', notes: [] });
  assert.deepEqual(await look(`${name}/large:test`), { length: 6, split: 'test', notes: [] });
  assert.deepEqual(await look(`${name}/en/fr`), { length: 6, split: 'validation', notes: [] });
  assert.deepEqual(await look(`${name}/default`), { length: 6, split: 'train', notes: [] });
  await assert.rejects(
    openSource(`${name}/small:test`, undefined),
    /no configuration small; there are: default, en\/fr, large/,
  );
});

test('folders are splits, and what is not read is named', async () => {
  const notes = ['1 archive not read: old.zip', '1 image not read: logo.png'];
  const loose = '1 file in no split, so not used: data/extra.parquet';
  assert.deepEqual(await look('hf:owner/folders'), { length: 12, split: 'train', notes: [...notes, loose] });
  assert.deepEqual(await look('hf:owner/folders:test'), {
    length: 6,
    split: 'test',
    notes: [...notes, loose],
  });
  assert.deepEqual(await look('hf:owner/folders:all'), { length: 24, split: 'all', notes });
  await assert.rejects(look('hf:owner/folders', 'validation'), /no validation split; there are test, train/);
  await assert.rejects(
    look('hf:owner/photos'),
    /no Parquet or tar files there; 1 archive not read: dogs\.zip; 1 image not read: cats\/1\.jpg/,
  );
});

test('the dataset.json of a data set is read, and columns may be named', async () => {
  const name = 'hf:owner/listed/a';
  assert.deepEqual(await look(name), { length: 6, split: 'train', notes: [] });
  assert.deepEqual(await look(name, 'test'), { length: 6, split: 'test', notes: [] });
  assert.deepEqual(
    asked.map((each) => each.split(' ')[0]),
    ['dataset.json', '0.parquet', '1.parquet'],
  );
  assert.equal((await look(`${name}:train#image=img&label=label`)).length, 6);
  await assert.rejects(look(`${name}#image=label`), /no encoded images in a column label/);
});

test('a dataset.json further down is refused, as what it says would be ignored', async () => {
  for (const [source, read] of [
    ['hf:owner/deep', 'dataset.json in hf:owner/deep'],
    ['hf:owner/twice/a:train', 'dataset.json'],
  ] as const)
    await assert.rejects(
      openImages([source], { size: 4 }),
      (error: Error) =>
        error instanceof UserError && error.message.includes(`a/dataset.json: only ${read} is read; move`),
    );
});

test('mistakes are told in one line', async () => {
  const fails = (source: string, message: RegExp): Promise<void> =>
    assert.rejects(
      openImages([source], { size: 4 }),
      (error: Error) =>
        error instanceof UserError && message.test(error.message) && !error.message.includes('secret'),
    );
  await fails('hf:pictures', /hf:pictures: not a data set on the hub; give hf:owner\/name/);
  await fails('hf:owner/pictures:best', /unknown split best/);
  await fails(
    'hf:owner/others',
    /hf:owner\/others: not on http:.*or not for you; what is private needs HF_TOKEN/,
  );
  process.env.HF_TOKEN = 'secret';
  await fails('hf:owner/pictures', /HF_TOKEN is no token of the hub/);
  process.env.HF_TOKEN = '';
  await fails('hf:owner/pictures', /needs HF_TOKEN/);
  process.env.HF_ENDPOINT = 'http://127.0.0.1:9';
  await fails('hf:owner/pictures', /hf:owner\/pictures: http:\/\/127\.0\.0\.1:9 cannot be reached/);
});
