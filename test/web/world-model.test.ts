import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { openImages } from '../../src/data/images.js';
import { openEncoder } from '../../src/encoders/open-encoder.js';
import { adopt, resolve } from '../../src/run/config.js';
import { pretrain } from '../../src/verbs/pretrain.js';
import { WorldModel } from '../../src/verbs/world-model.js';
import type * as web from '../../src/web/index.js';
import { writeLayout } from '../encoders/draw-encoder.js';
import { tiny } from '../train/tiny-run.js';
import { type OpenPage, openPage, skip } from './browser.js';
import { buildFront } from './front.js';

const folder = mkdtempSync(join(tmpdir(), 'iwm-web-'));
let opened: OpenPage;
before(async () => {
  if (skip) return;
  await buildFront(folder);
  await pretrain(resolve('demo', { ...tiny, steps: 4 }), { out: join(folder, 'run') });
  writeLayout(join(folder, 'onnx'));
  for (const [name, source] of [
    ['weights', 'test/fixtures/encoders/dinov2_with_registers'],
    ['program', join(folder, 'onnx')],
  ] as const) {
    const settings = { data: ['synthetic:40'], steps: 2, batch: 8, 'predictor.depth': 1, 'health.images': 2 };
    const config = adopt('demo', (await openEncoder(source)).settled, settings);
    await pretrain(config, { out: join(folder, name) });
  }
  opened = await openPage([folder, 'node_modules/onnxruntime-web/dist']);
});
after(async () => {
  await opened?.close();
  rmSync(folder, { recursive: true });
});

test('a run that Node trained gives the same latents and predictions in a browser, from its URL and from its files', {
  skip,
}, async () => {
  const images = await openImages(['synthetic:2'], { size: 16 });
  const pixels = await images.batch([0, 1]);
  await images.close();
  const model = await WorldModel.load(join(folder, 'run'));
  const latents = await model.encode(pixels);
  const predicted = await model.predict(latents, { brightness: 0.3, hue: -0.1 });
  model.dispose();
  const inPage = await opened.page.evaluate(
    async ({ pixels, files }) => {
      const module = '/web.js';
      const { WorldModel, runAt, runOf } = (await import(module)) as typeof web;
      const dropped = await Promise.all(
        files.map(async (path) => {
          const file = new File([await (await fetch(path)).blob()], path.slice(path.lastIndexOf('/') + 1));
          return Object.defineProperty(file, 'webkitRelativePath', { value: path.slice(1) });
        }),
      );
      const answers = [];
      for (const source of [runAt('/run'), runOf(dropped)]) {
        const model = await WorldModel.load(source, { wasm: '/' });
        const latents = await model.encode(Float32Array.from(pixels));
        const predicted = await model.predict(latents, { brightness: 0.3, hue: -0.1 });
        answers.push([latents, predicted].map(({ data, dims }) => ({ data: Array.from(data), dims })));
        model.dispose();
      }
      return { answers, isolated: (globalThis as { crossOriginIsolated?: boolean }).crossOriginIsolated };
    },
    { pixels: Array.from(pixels), files: ['/run/config.json', '/run/model.safetensors'] },
  );
  assert.equal(inPage.isolated, true);
  for (const answers of inPage.answers)
    for (const [i, ours] of [latents, predicted].entries()) {
      assert.deepEqual(answers[i]!.dims, ours.dims);
      const worst = Math.max(...ours.data.map((value, at) => Math.abs(value - answers[i]!.data[at]!)));
      assert.ok(worst < 1e-4, `${worst}`);
    }
  assert.deepEqual(opened.errors, []);
});

test('a run on others’ encoder, as weights and as an ONNX program, answers in a browser as in Node', {
  skip,
}, async () => {
  for (const run of ['weights', 'program']) {
    const model = await WorldModel.load(join(folder, run));
    const images = await openImages(['synthetic:1'], { size: model.size });
    const pixels = await images.batch([0]);
    await images.close();
    const visible = [0, 3, 5];
    const { data } = await model.predict(await model.encode(pixels, visible), { hue: 0.1 });
    model.dispose();
    const inPage = await opened.page.evaluate(
      async ({ run, pixels, visible }) => {
        const module = '/web.js';
        const { WorldModel, runAt } = (await import(module)) as typeof web;
        const model = await WorldModel.load(runAt(`/${run}`), { wasm: '/' });
        const latents = await model.encode(Float32Array.from(pixels), visible);
        const { data } = await model.predict(latents, { hue: 0.1 });
        model.dispose();
        return Array.from(data);
      },
      { run, pixels: Array.from(pixels), visible },
    );
    assert.equal(inPage.length, data.length);
    const worst = Math.max(...data.map((value, at) => Math.abs(value - inPage[at]!)));
    assert.ok(worst < 1e-4, `${run}: ${worst}`);
  }
  assert.deepEqual(opened.errors, []);
});
