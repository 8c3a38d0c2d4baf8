import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { openEncoder } from '../../src/encoders/open-encoder.js';
import { UserError } from '../../src/errors.js';

const folder = mkdtempSync(join(tmpdir(), 'iwm-hub-encoder-'));
const fixture = fileURLToPath(new URL('../fixtures/encoders/vit/', import.meta.url));
const files: ReadonlyMap<string, Buffer> = new Map(
  readdirSync(fixture).map((name) => [name, readFileSync(join(fixture, name))]),
);
/** Models of the hub, and the files they have. */
const models: Readonly<Record<string, readonly string[]>> = {
  'owner/vit': [...files.keys(), 'onnx/model.onnx', 'README.md'],
  'owner/old': ['config.json', 'pytorch_model.bin'],
  'owner/nameless': ['model.safetensors'],
};
const variables = ['HF_ENDPOINT', 'HF_TOKEN', 'XDG_CACHE_HOME'] as const;
const kept = variables.map((name) => process.env[name]);
let asked: string[] = [];

/** As much of the hub's protocol as an encoder needs. */
const server = createServer((request, response) => {
  const { pathname } = new URL(request.url ?? '', 'http://hub');
  const [, listed = ''] = /^\/api\/models\/(.+)\/tree\/main$/.exec(pathname) ?? [];
  const paths = models[listed];
  if (paths !== undefined) {
    const entries = paths.map((path) => {
      const bytes = files.get(path) ?? Buffer.alloc(0);
      const oid = createHash('sha256').update(bytes).digest('hex');
      const lfs = { oid, size: bytes.length, pointerSize: 130 };
      return { type: 'file', path, size: bytes.length, oid, ...(path.endsWith('.safetensors') && { lfs }) };
    });
    return response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(entries));
  }
  const [, name = ''] = /^\/owner\/vit\/resolve\/main\/(.+)$/.exec(pathname) ?? [];
  const whole = files.get(name);
  if (whole === undefined)
    return response.writeHead(404, { 'content-type': 'application/json' }).end('{"error": "no"}');
  const [, first = '0', last = String(whole.length - 1)] =
    /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? [];
  if (last !== '0') asked.push(name);
  const bytes = whole.subarray(Number(first), Number(last) + 1);
  return response
    .writeHead(206, {
      etag: '"content"',
      'content-length': bytes.length,
      'content-range': `bytes ${first}-${last}/${whole.length}`,
    })
    .end(bytes);
});

before(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  process.env.HF_ENDPOINT = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  process.env.XDG_CACHE_HOME = folder;
  delete process.env.HF_TOKEN;
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

test('an encoder of the hub is that of its files, which are fetched once', async () => {
  const { settled } = await openEncoder('hf:owner/vit');
  const { settled: local } = await openEncoder(fixture);
  assert.equal(settled.encoder.source?.name, 'hf:owner/vit');
  assert.equal(settled.encoder.source?.sha256, local.encoder.source?.sha256);
  assert.deepEqual(settled.normalisation, local.normalisation);
  assert.deepEqual(asked, ['model.safetensors', 'config.json', 'preprocessor_config.json']);
  asked = [];
  await openEncoder('hf:owner/vit');
  assert.deepEqual(asked, []);
});

test('what the hub has not is refused in a line', async () => {
  for (const [name, message] of [
    ['hf:owner/none', /^hf:owner\/none: not on http:.*; what is private needs HF_TOKEN$/],
    ['hf:owner/old', /owner\/old\/pytorch_model\.bin: a pickle can run any code/],
    ['hf:owner/nameless', /^hf:owner\/nameless: no config\.json there, which says what encoder it is$/],
  ] as const)
    await assert.rejects(
      openEncoder(name),
      (error) => error instanceof UserError && message.test(error.message) && !error.message.includes('\n'),
    );
});
