import assert from 'node:assert/strict';
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { UserError } from '../../src/errors.js';
import { quiet } from '../../src/log.js';
import type { Ranks } from '../../src/ranks/ranks.js';
import { type Config, resolve } from '../../src/run/config.js';
import { folderStore } from '../../src/run/disk/folder-files.js';
import { loadModel } from '../../src/run/disk/model-file.js';
import { stepConfig } from '../../src/train/step.js';
import { type PretrainOptions, pretrain } from '../../src/verbs/pretrain.js';
import { layouts } from '../../src/world-model/index.js';
import { paintNoise, SIDE } from '../data/noise-folder.js';
import { together } from '../ranks/together.js';
import { apart } from '../train/apart.js';

const folder = mkdtempSync(join(tmpdir(), 'iwm-ranks-'));
after(() => rmSync(folder, { recursive: true }));

const IMAGES = 60;
const data = join(folder, 'data');
const configure = (more: object = {}): Config =>
  resolve('demo', {
    data: [data],
    'image.stored': SIDE,
    'image.size': SIDE,
    'image.patch': 2,
    'masks.visible': 6,
    'masks.predicted': 6,
    'encoder.depth': 1,
    'encoder.width': 32,
    'predictor.depth': 1,
    // 9 images a run: 4 and 5.
    batch: 9,
    steps: 12,
    badSamples: 0.1,
    'health.images': 2,
    'health.every': 6,
    'checkpoint.every': 4,
    'checkpoint.keep': 9,
    'log.every': 1,
    ...more,
  });

const whole = join(folder, 'whole');
before(async () => {
  const file = (i: number): string => join(data, `${String(i).padStart(3, '0')}.png`);
  for (let i = 0; i < IMAGES; i++) await paintNoise(file(i), i);
  // Some that are held out have copies among those that are not, whichever these are.
  for (let i = 0; i < IMAGES; i += 2) copyFileSync(file(i), join(data, `copy-${i}.png`));
  for (const i of [3, 8, 21, 34]) writeFileSync(file(i), 'damaged');
  await pretrain(configure(), { out: whole, threads: 1 });
});

type Options = Partial<PretrainOptions>;

/** What comes of a run that several ranks train together. @param each what differs between them */
async function trainTogether(
  size: number,
  out: string,
  each: (ranks: Ranks) => Options & { readonly config?: Config } = () => ({}),
) {
  return Promise.allSettled(
    together(size).map((ranks) => {
      const { config = configure(), ...more } = each(ranks);
      return pretrain(config, { out, threads: 1, ranks, ...more });
    }),
  );
}

/** What a run has kept, in an order that says nothing of when it was met. */
async function keptBy(run: string) {
  const store = folderStore(run);
  const { names, heldOut, trained } = (await store.images())!;
  const lines = readFileSync(join(run, 'bad-samples.jsonl'), 'utf8').trimEnd().split('\n');
  const steps = (await store.metrics()).map(({ kind, step }) => `${kind} ${step}`);
  return { names, heldOut, trained: trained.toSorted(), bad: lines.toSorted(), steps };
}

const near = (out: string): void => {
  const config = configure();
  const [here, there] = [out, whole].map((run) => loadModel(run, layouts(stepConfig(config).model)));
  const off = apart(config, here!, there!);
  assert.ok(off < 1e-5, `off by ${off.toExponential(1)} of the change`);
};

test('two ranks keep what one process keeps: weights, images, bad samples and metrics; the second writes nothing', async () => {
  const out = join(folder, 'two');
  const said: string[] = [];
  const log = { note: (line: string) => said.push(line), progress: () => {} };
  const results = await trainTogether(2, out, ({ rank }) => ({
    log,
    // What the second would write, it would write elsewhere.
    ...(rank === 0 ? {} : { out: join(folder, 'nowhere') }),
  }));
  assert.deepEqual(
    results.map(({ status }) => status),
    ['fulfilled', 'fulfilled'],
  );
  assert.deepEqual(await keptBy(out), await keptBy(whole));
  near(out);
  assert.ok(!existsSync(join(folder, 'nowhere')));
  assert.equal(said.filter((line) => line.startsWith('model: ')).length, 1, 'one of them speaks');
  const notes = said.filter((line) => /cannot be read|are not trained on/.test(line));
  assert.match(notes.join('\n'), /^4 of 90 images cannot be read.*\n.*not trained on: \d+, such as/);
});

test('asked to stop, all ranks stop after the same step; the run goes on on three to the same weights', async () => {
  const out = join(folder, 'stopped');
  const controller = new AbortController();
  const log = {
    note: () => {},
    progress: (line: string) => {
      if (line.startsWith('step 5/')) controller.abort(new Error('asked'));
    },
  };
  const results = await trainTogether(2, out, ({ rank }) =>
    rank === 0 ? { log } : { signal: controller.signal },
  );
  const reasons = results.map((result) => (result.status === 'rejected' ? result.reason.message : result));
  assert.deepEqual(reasons, ['another rank was asked to stop; --resume goes on', 'asked']);
  const [, newest] = readdirSync(join(out, 'checkpoints')).sort();
  assert.match(newest!, /^step-000000[56]\.safetensors$/);
  const resumed = await trainTogether(3, out, ({ rank }) => ({ resume: rank === 0, log: quiet }));
  assert.ok(
    resumed.every(({ status }) => status === 'fulfilled'),
    JSON.stringify(resumed),
  );
  assert.deepEqual(await keptBy(out), await keptBy(whole));
  near(out);
});

test('ranks that are not alike are refused, naming the first and what it has else', async () => {
  const cases: [RegExp, Record<number, Config>][] = [
    [
      /^rank 1 has optimiser.clip 2, rank 0 \d+: start all ranks/,
      { 1: configure({ 'optimiser.clip': 2 }), 2: configure({ steps: 3 }) },
    ],
    [/^rank 2 has steps 3, rank 0 12: start all ranks/, { 2: configure({ steps: 3 }) }],
  ];
  for (const [message, others] of cases) {
    const results = await trainTogether(3, join(folder, 'refused'), ({ rank }) => ({
      config: others[rank] ?? configure(),
    }));
    for (const result of results) {
      assert.ok(result.status === 'rejected' && result.reason instanceof UserError);
      assert.match(result.reason.message, message);
    }
    assert.ok(!existsSync(join(folder, 'refused')));
  }
});
