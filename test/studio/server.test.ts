import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { resolve } from '../../src/run/config.js';
import { lockRun } from '../../src/run/disk/run-lock.js';
import { buildSite } from '../../src/studio/build-site.js';
import { type ServedStudio, serveStudio } from '../../src/studio/server.js';
import { ShownRuns } from '../../src/studio/shown-runs.js';
import type { ListedRun } from '../../src/web/run-list.js';
import { malformedRequest, send } from './malformed.js';

const folder = mkdtempSync(join(tmpdir(), 'iwm-studio-server-'));
const [page, runs] = [join(folder, 'page'), join(folder, 'runs')];
let studio: ServedStudio;

function makeRun(name: string, files: Readonly<Record<string, string>> = {}): string {
  const run = join(runs, name);
  mkdirSync(run, { recursive: true });
  for (const [file, text] of Object.entries({ 'config.json': JSON.stringify(resolve('demo')), ...files }))
    writeFileSync(join(run, file), text);
  return run;
}

before(async () => {
  mkdirSync(page);
  writeFileSync(join(page, 'index.html'), '<!doctype html><html><head><title>page</title></head></html>');
  writeFileSync(join(folder, 'secret'), 'SECRET');
  makeRun('first', { 'metrics.jsonl': '', 'images.json': 'SECRET' });
  studio = await serveStudio(new ShownRuns([runs]), page);
});
after(async () => {
  await studio.close();
  rmSync(folder, { recursive: true });
});

const list = async (): Promise<ListedRun[]> =>
  (await (await fetch(`${studio.url}runs.json`)).json()) as ListedRun[];

/** A request with headers that `fetch` would not send. */
function ask(path: string, headers: Readonly<Record<string, string>> = {}, method = 'GET') {
  return new Promise<{ status: number; body: string }>((done, failed) => {
    const { port } = new URL(studio.url);
    request({ host: '127.0.0.1', port, path, headers, method }, (answer) => {
      let body = '';
      answer.setEncoding('utf8').on('data', (part: string) => {
        body += part;
      });
      answer.on('end', () => done({ status: answer.statusCode ?? 0, body }));
    })
      .on('error', failed)
      .end();
  });
}

test('runs are listed, the last changed first, with what they are at; one that is made later appears', async () => {
  assert.deepEqual(
    (await list()).map(({ id, kind, state, files }) => ({ id, kind, state, files })),
    [{ id: 'first', kind: 'run', state: 'stopped', files: ['config.json', 'metrics.jsonl'] }],
  );
  const run = makeRun('later', { 'model.safetensors': 'weights' });
  assert.deepEqual(
    (await list()).map(({ id, state }) => [id, state]),
    [
      ['later', 'finished'],
      ['first', 'stopped'],
    ],
  );
  const release = lockRun(run);
  assert.equal((await list())[0]?.state, 'training');
  release();
  assert.equal((await list())[0]?.state, 'finished');
  const before = (await list()).find(({ id }) => id === 'first')!.changed;
  appendFileSync(join(runs, 'first', 'metrics.jsonl'), '{"kind":');
  assert.ok((await list()).find(({ id }) => id === 'first')!.changed > before);
  rmSync(run, { recursive: true });
});

test('places: a run itself, two of one name, none that is a folder; broken configurations are listed', async () => {
  const other = join(folder, 'other', 'first');
  mkdirSync(other, { recursive: true });
  writeFileSync(join(other, 'config.json'), 'none');
  const shown = new ShownRuns([runs, other]);
  assert.deepEqual(
    shown
      .list()
      .map(({ id }) => id)
      .sort(),
    ['first', 'first-2'],
  );
  assert.equal(shown.file('first-2', 'config.json')?.endsWith(join('other', 'first', 'config.json')), true);
  assert.throws(() => new ShownRuns([join(folder, 'none')]), /none is no folder: give a run's/);
  assert.throws(() => new ShownRuns([join(folder, 'secret')]), /secret is no folder/);
});

test('only what is shown of a run is served: no path, link or name leads elsewhere', async () => {
  const config = await fetch(`${studio.url}runs/first/config.json`);
  assert.equal(config.status, 200);
  assert.equal(config.headers.get('content-type'), 'application/json');
  symlinkSync(join(folder, 'secret'), join(runs, 'first', 'model.safetensors'));
  for (const path of [
    '/runs/first/images.json',
    '/runs/first/model.safetensors',
    '/runs/first/..%2f..%2fsecret',
    '/runs/first/../../secret',
    '/runs/..%2f/secret',
    '/..%2fsecret',
    '/%2e%2e/secret',
    '/runs/none/config.json',
    '/secret',
  ]) {
    const { status, body } = await ask(path);
    assert.equal(status, 404, path);
    assert.ok(!body.includes('SECRET'), path);
  }
  rmSync(join(runs, 'first', 'model.safetensors'));
});

test('other names of this machine, other sites and other methods are refused', async () => {
  const { host } = new URL(studio.url);
  assert.equal((await ask('/', { host })).status, 200);
  assert.equal((await ask('/', { host, origin: `http://${host}` })).status, 200);
  const refused: Record<string, string>[] = [
    { host: 'elsewhere.example' },
    { host: `elsewhere.example:${host.split(':')[1]}` },
    { host, origin: 'http://elsewhere.example' },
    { host, origin: 'null' },
  ];
  for (const headers of refused) {
    const { status, body } = await ask('/runs.json', headers);
    assert.equal(status, 403, JSON.stringify(headers));
    assert.ok(!body.includes('first'));
  }
  for (const method of ['POST', 'PUT', 'DELETE'])
    assert.equal((await ask('/runs.json', { host }, method)).status, 405);
});

test('every answer isolates the page and says what it may load; a report has its own rules', async () => {
  writeFileSync(join(runs, 'first', 'report.html'), '<p>report</p>');
  for (const path of ['', 'runs.json', 'none', 'runs/first/config.json']) {
    const { headers } = await fetch(studio.url + path);
    assert.equal(headers.get('cross-origin-opener-policy'), 'same-origin', path);
    assert.equal(headers.get('cross-origin-embedder-policy'), 'require-corp', path);
    assert.match(
      headers.get('content-security-policy') ?? '',
      /^default-src 'none'; script-src 'self' 'wasm-unsafe-eval';/,
    );
    assert.equal(headers.get('x-content-type-options'), 'nosniff');
  }
  const report = await fetch(`${studio.url}runs/first/report.html`);
  assert.doesNotMatch(report.headers.get('content-security-policy') ?? '', /script-src/);
  assert.match(report.headers.get('content-security-policy') ?? '', /style-src 'unsafe-inline'/);
});

test('requests that are none leave it standing', async () => {
  const port = Number(new URL(studio.url).port);
  const answers: string[] = [];
  for (let first = 0; first < 300; first += 20)
    answers.push(
      ...(await Promise.all(Array.from({ length: 20 }, (_, i) => send(port, malformedRequest(first + i))))),
    );
  assert.ok(answers.every((answer) => !answer.includes('SECRET')));
  // A request that is not whole waits for its rest.
  assert.ok(answers.filter((answer) => /^HTTP\/1.1 4/.test(answer)).length > 150);
  assert.equal((await ask('/runs.json')).status, 200);
});

test('a port that is taken is an error, not another port', async () => {
  const port = Number(new URL(studio.url).port);
  await assert.rejects(serveStudio(new ShownRuns([runs]), page, port), /in use: choose another --port/);
});

test('a static site has the page with its policy, the runs, and their list', () => {
  const site = join(folder, 'site');
  const listed = buildSite(new ShownRuns([runs]), page, site);
  assert.deepEqual(
    listed.map(({ id, name }) => [id, name]),
    [['first', 'first']],
  );
  assert.throws(() => buildSite(new ShownRuns([runs]), page, site), /exists already; choose another --build/);
  mkdirSync(join(folder, 'empty'));
  assert.throws(
    () => buildSite(new ShownRuns([join(folder, 'empty')]), page, join(folder, 'b')),
    /no runs to show/,
  );
});
