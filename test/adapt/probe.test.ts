import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { probeRun } from '../../src/adapt/probe.js';
import { describeProbe } from '../../src/adapt/probe-result.js';
import { paintWorld, pretrainTiny } from './tiny-world.js';

const folder = mkdtempSync(join(tmpdir(), 'iwm-probe-'));
after(() => rmSync(folder, { recursive: true }));
const [images, run] = [join(folder, 'images'), join(folder, 'run')];
const quick = { epochs: 10, batch: 16, cache: { kept: 'memory', precision: 'float32' } } as const;
before(async () => {
  await paintWorld(images, 24, 10);
  await pretrainTiny(images, run);
});

test('probes learn above chance, and say by which protocol', async () => {
  const result = await probeRun({ run, data: [images], ...quick }, { threads: 1 });
  assert.deepEqual([result.classes, result.trained, result.asked], [4, 96, 40]);
  for (const { accuracy, learningRate, sweep } of [result.linear, result.attentive]) {
    assert.equal(sweep.length, 6);
    assert.equal(accuracy, Math.max(...sweep.map((point) => point.accuracy)));
    assert.equal(sweep.find((point) => point.accuracy === accuracy)?.learningRate, learningRate);
  }
  assert.ok(result.attentive.accuracy > 0.5, `attentive ${result.attentive.accuracy}, chance .25`);
  assert.deepEqual(
    result.knn.sweep.map(({ k }) => k),
    [1, 5, 10, 20, 50],
  );
  for (const word of ['linear', 'attentive', 'k-NN', 'sweep', 'protocol'])
    assert.match(describeProbe(result), new RegExp(word));
});
