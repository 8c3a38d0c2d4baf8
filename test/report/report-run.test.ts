import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { UserError } from '../../src/errors.js';
import { reportRun } from '../../src/report/report-run.js';
import { resolve } from '../../src/run/config.js';
import { pretrain } from '../../src/verbs/pretrain.js';

const folder = mkdtempSync(join(tmpdir(), 'iwm-report-run-'));
after(() => rmSync(folder, { recursive: true }));

test('a finished run gets its page: curves, and four images with every jitter swept', async () => {
  const run = join(folder, 'run');
  const config = resolve('demo', {
    data: ['synthetic:120'],
    'image.stored': 16,
    'image.size': 16,
    'image.patch': 4,
    'masks.visible': 6,
    'masks.predicted': 6,
    'encoder.depth': 1,
    'encoder.width': 16,
    'predictor.depth': 1,
    batch: 8,
    steps: 2,
    'health.images': 2,
    'log.every': 1,
  });
  const { after: last } = await pretrain(config, { out: run });
  assert.equal(await reportRun(run, { pictures: 4 }), join(run, 'report.html'));
  const page = readFileSync(join(run, 'report.html'), 'utf8');
  assert.ok(page.includes(`<strong>${last?.mrr.toFixed(3)}</strong>`));
  assert.match(page, /MRR: 2 images held out of the training data/);
  for (const name of ['brightness', 'contrast', 'saturation', 'hue'])
    assert.equal([...page.matchAll(new RegExp(`<figcaption><b>${name}</b> \\d of 7 right`, 'g'))].length, 4);
  assert.equal([...page.matchAll(/<img/g)].length, 4 * (1 + 4 * 2 * 7));
  for (const title of ['Loss', 'MRR', 'k-NN accuracy', 'RankMe', 'Feature deviation'])
    assert.ok(page.includes(`<b>${title}</b>`), title);
});

test('a run was shorter than its pictures would take: they are left out, and the page says so', async () => {
  const run = join(folder, 'run');
  await reportRun(run);
  const page = readFileSync(join(run, 'report.html'), 'utf8');
  assert.ok(!page.includes('<img'));
  assert.match(page, /Pictures: none, as in so short a run/);
});

test('a folder that is no run is refused', async () => {
  await assert.rejects(reportRun(folder), UserError);
});
