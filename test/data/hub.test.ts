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
import { UserError } from '../../src/errors.js';

const folder = mkdtempSync(join(tmpdir(), 'iwm-hub-'));
const file = readFileSync(new URL('../fixtures/snappy.parquet', import.meta.url));
const names = ['data/train-00000-of-00001.parquet', 'data/validation-00000-of-00001.parquet', 'README.md'];
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
  if (request.headers.authorization !== 'Bearer hf_secret' || !url.pathname.includes('/owner/pictures/'))
    return response.writeHead(401, { 'content-type': 'application/json' }).end('{"error": "no"}');
  if (url.pathname === '/api/datasets/owner/pictures/tree/main') {
    const oid = createHash('sha256').update(file).digest('hex');
    const entries = names.map((path) => ({
      type: 'file',
      path,
      size: file.length,
      oid: createHash('sha1').update(path).digest('hex'),
      ...(path.endsWith('.parquet') ? { lfs: { oid, size: file.length, pointerSize: 130 } } : {}),
    }));
    return response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(entries));
  }
  const [, first = '0', last = String(file.length - 1)] =
    /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? [];
  const bytes = served.subarray(Number(first), Number(last) + 1);
  response.writeHead(206, {
    etag: '"content"',
    'content-length': bytes.length,
    'content-range': `bytes ${first}-${last}/${file.length}`,
  });
  if (last !== '0') asked.push(`${url.pathname.split('/').at(-1)} ${first}-${last}`);
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
    /hf:owner\/others: not on http:.*or not for you; a private data set needs HF_TOKEN/,
  );
  process.env.HF_TOKEN = 'secret';
  await fails('hf:owner/pictures', /HF_TOKEN is no token of the hub/);
  process.env.HF_TOKEN = '';
  await fails('hf:owner/pictures', /needs HF_TOKEN/);
  process.env.HF_ENDPOINT = 'http://127.0.0.1:9';
  await fails('hf:owner/pictures', /hf:owner\/pictures: http:\/\/127\.0\.0\.1:9 cannot be reached/);
});
