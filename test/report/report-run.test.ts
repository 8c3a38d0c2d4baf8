import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
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
  const [sweep, inversions, latents, views] = [1 + 4 * 2 * 7, 3 * 3, 5, 4];
  assert.equal([...page.matchAll(/<img/g)].length, 4 * (sweep + inversions + latents + views));
  assert.equal([...page.matchAll(/<div class="bar"/g)].length, 4);
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

test('where the images are gone the page has its curves, and says why it has no pictures', async () => {
  const run = join(folder, 'gone');
  cpSync(join(folder, 'run'), run, { recursive: true });
  const config = JSON.parse(readFileSync(join(run, 'config.json'), 'utf8'));
  writeFileSync(join(run, 'config.json'), JSON.stringify({ ...config, data: [join(folder, 'nowhere')] }));
  const notes: string[] = [];
  await reportRun(run, { log: { progress() {}, note: (text) => notes.push(text) } });
  const page = readFileSync(join(run, 'report.html'), 'utf8');
  assert.match(page, /Pictures: none: [^<]*nowhere/);
  assert.match(notes.join(), /no pictures: .*nowhere/);
  assert.ok(page.includes('<b>Loss</b>') && !page.includes('<img'));
});

test('of a run without a model yet there are the curves and the command', async () => {
  const run = join(folder, 'begun');
  cpSync(join(folder, 'run'), run, { recursive: true });
  rmSync(join(run, 'model.safetensors'));
  await reportRun(run);
  const page = readFileSync(join(run, 'report.html'), 'utf8');
  assert.match(page, /Pictures: none: [^<]*model\.safetensors/);
  assert.ok(page.includes('<b>Loss</b>'));
  assert.match(page, /npx iwm pretrain --preset demo --data synthetic:120 [^<]*--out [^<]*begun</);
});

test('a folder that is no run is refused', async () => {
  await assert.rejects(reportRun(folder), UserError);
});
