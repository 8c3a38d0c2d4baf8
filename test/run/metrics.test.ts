import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { UserError } from '../../src/errors.js';
import { folderStore } from '../../src/run/disk/folder-files.js';
import { type Metric, metricsTable } from '../../src/run/metrics.js';

const folder = mkdtempSync(join(tmpdir(), 'iwm-metrics-'));
after(() => rmSync(folder, { recursive: true }));
const file = join(folder, 'metrics.jsonl');
const store = folderStore(folder);

const stepAt = (step: number): Metric => ({
  kind: 'step',
  step,
  images: 16 * step,
  loss: 1 / 3,
  gradientNorm: 1e-7,
  learningRate: 1e-3,
  weightDecay: 0.04,
  momentum: 0.98,
  imagesPerSecond: 123.4,
  inputShare: 0.031,
});
const healthAt = (step: number): Metric => ({
  kind: 'health',
  step,
  mrr: 0.5,
  mrrL2: 0.4,
  mrrStandardError: 0.01,
  rankMe: 7,
  featureDeviation: 0.9,
  verdict: 'looks healthy',
});
const lines = [healthAt(0), stepAt(10), stepAt(20), healthAt(20), stepAt(30)];

async function written(): Promise<string> {
  rmSync(file, { force: true });
  for (const line of lines) await store.addMetric(line);
  return readFileSync(file, 'utf8');
}

test('every line is there as soon as it is written, and a file cut off anywhere gives the lines before', async () => {
  assert.deepEqual(await folderStore(join(folder, 'none')).metrics(), []);
  const text = await written();
  assert.deepEqual(await store.metrics(), lines);
  for (let length = 0; length <= text.length; length += 7) {
    const part = text.slice(0, length);
    writeFileSync(file, part);
    assert.deepEqual(await store.metrics(), lines.slice(0, part.split('\n').length - 1));
  }
});

test('damage before the last line is told with its place', async () => {
  const text = await written();
  for (const [damaged, place] of [
    [text.replace('"step":10', '"step":'), 'line 2'],
    [text.replace('"loss":0', '"lass":0'), 'line 2'],
    [`5\n${text}`, 'line 1'],
    [`${text}\n{"kind":"step"}\n`, 'line 6'],
    [text.replace('"health"', '"wealth"'), 'line 1'],
  ] as const) {
    writeFileSync(file, damaged);
    await assert.rejects(
      store.metrics(),
      (error: unknown) => error instanceof UserError && error.message.startsWith(`${file}, ${place}: `),
      damaged,
    );
  }
});

test('forgetting what came after a step keeps the lines before as they are, and drops a torn one', async () => {
  const text = await written();
  appendFileSync(file, '{"kind":"st');
  await store.forgetAfter(100);
  assert.equal(readFileSync(file, 'utf8'), text);
  await store.forgetAfter(20);
  assert.deepEqual(await store.metrics(), lines.slice(0, 4));
  assert.ok(text.startsWith(readFileSync(file, 'utf8')));
  await store.forgetAfter(0);
  assert.deepEqual(await store.metrics(), lines.slice(0, 1));
});

test('as a table: a line each, what a kind does not have left empty, commas in quotes', () => {
  const [head, step, health] = metricsTable([
    stepAt(10),
    { ...healthAt(10), verdict: 'bad, or "so"' },
  ] as Metric[]).split('\n');
  assert.equal(
    head,
    'kind,step,images,loss,gradientNorm,learningRate,weightDecay,momentum,imagesPerSecond,inputShare,mrr,mrrL2,mrrStandardError,knn,rankMe,featureDeviation,verdict',
  );
  assert.equal(step, `step,10,160,${1 / 3},1e-7,0.001,0.04,0.98,123.4,0.031,,,,,,,`);
  assert.equal(health, 'health,10,,,,,,,,,0.5,0.4,0.01,,7,0.9,"bad, or ""so"""');
});
