import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openPage, skip, softwareGpu } from './browser.js';
import { buildFront } from './front.js';
import type * as two from './two-results.js';

test('on WebGPU several results of a program are read: calls at once do not wait for each other for ever', {
  skip,
}, async (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'iwm-webgpu-'));
  await buildFront(folder, { two: 'test/web/two-results.ts' });
  const opened = await openPage([folder, 'node_modules/onnxruntime-web/dist'], '', softwareGpu);
  // A page that stands still answers nothing any more.
  const late = setTimeout(() => void opened.close(), 60_000);
  try {
    const found = await opened.page.evaluate(
      async (numbers) => {
        const module = '/two.js';
        const { twoResults } = (await import(module)) as typeof two;
        return twoResults(numbers);
      },
      [1, 2, 3],
    );
    if (found === undefined) return context.skip('this Chromium has no WebGPU without a GPU');
    assert.deepEqual(found, [
      [2, 4, 6],
      [1, 4, 9],
    ]);
  } finally {
    clearTimeout(late);
    await opened.close();
    rmSync(folder, { recursive: true });
  }
});
