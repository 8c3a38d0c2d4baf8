import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { reportRun } from '../../src/report/report-run.js';
import { resolve } from '../../src/run/config.js';
import { folderStore } from '../../src/run/disk/folder-files.js';
import { pretrain } from '../../src/verbs/pretrain.js';
import { tiny } from '../train/tiny-run.js';

const folder = mkdtempSync(join(tmpdir(), 'iwm-few-images-'));
after(() => rmSync(folder, { recursive: true }));

test('of 15 images too few are held out to tell a collapse, and the headline says so', async () => {
  const run = join(folder, 'run');
  const few = { data: ['synthetic:15'], batch: 4, steps: 1, 'health.images': 1 };
  await pretrain(resolve('demo', { ...tiny, ...few }), { out: run });
  const panels = (await folderStore(run).metrics()).filter((line) => line.kind === 'health');
  assert.ok(panels.length > 0);
  for (const { mrrStandardError, verdict } of panels) {
    assert.equal(mrrStandardError, undefined, 'one ranked image');
    assert.match(verdict, /^too few images to tell \(\d; 8 are needed\)$/);
  }
  await reportRun(run);
  const page = readFileSync(join(run, 'report.html'), 'utf8');
  assert.match(page, /<b>After step 1: too few images to tell/);
  assert.doesNotMatch(page, /looks collapsed|>NaN|undefined/);
});
