/**
 * Training in a page on WebGPU beside Node's on the CPU: a few steps of a small model, the loss of each, and how far the
 * weights are apart at the end as a share of how far training has moved them.
 *
 *   node --import tsx bench/page-webgpu.ts [--steps 3] [--software]
 *
 * `--software` takes Chromium's adapter for the CPU, where there is no GPU.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { processor } from '../src/processor.js';
import { resolve } from '../src/run/config.js';
import { folderStore } from '../src/run/disk/folder-files.js';
import { pretrain } from '../src/verbs/pretrain.js';
import type * as web from '../src/web/index.js';
import { runDistance } from '../test/train/run-distance.js';
import { tiny } from '../test/train/tiny-run.js';
import { openPage, softwareGpu, webgpu } from '../test/web/browser.js';
import { buildFront } from '../test/web/front.js';
import { saveStoredRun } from '../test/web/save-stored-run.js';

const { values } = parseArgs({
  options: { steps: { type: 'string', default: '3' }, software: { type: 'boolean', default: false } },
});
const steps = Number(values.steps);
const config = resolve('demo', { ...tiny, steps, 'log.every': 1, 'health.every': steps + 1 });
const folder = mkdtempSync(join(tmpdir(), 'iwm-page-'));
await buildFront(folder);
const flags = values.software ? softwareGpu : webgpu;
const opened = await openPage([folder, 'node_modules/onnxruntime-web/dist'], '', flags);
const began = performance.now();
await opened.page.evaluate(async (config) => {
  const module = '/web.js';
  const { drawnImages, pretrain, storedRun } = (await import(module)) as typeof web;
  const images = drawnImages(config.data[0] ?? '', { size: config.image.stored }) as web.ImageSet;
  await pretrain(config, { run: storedRun('page'), images, wasm: '/', device: 'webgpu' });
}, config);
const minutes = (performance.now() - began) / 60_000;
const page = await saveStoredRun(opened.page, 'page', folder);
await opened.close();

const node = join(folder, 'node');
await pretrain(config, { out: node });
const losses = async (run: string): Promise<string> =>
  (await folderStore(run).metrics())
    .flatMap((line) => (line.kind === 'step' ? [line.loss.toFixed(6)] : []))
    .join(' ');
console.log(`${processor()}, ${cpus().length} cores${values.software ? ', software adapter' : ''}`);
console.log(`page, WebGPU: losses ${await losses(page)}; ${minutes.toFixed(1)} min with compiling`);
console.log(`Node, CPU:    losses ${await losses(node)}`);
console.log(`weights apart by ${runDistance(page, node, config).toExponential(1)} of their change`);
rmSync(folder, { recursive: true });
