import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { UserError } from '../../src/errors.js';
import { resolve } from '../../src/run/config.js';
import { folderStore } from '../../src/run/disk/folder-files.js';
import { pretrain } from '../../src/verbs/pretrain.js';
import { tiny } from '../train/tiny-run.js';

const folder = mkdtempSync(join(tmpdir(), 'iwm-'));
after(() => rmSync(folder, { recursive: true }));

test('a short run learns: its loss falls and stays finite', async () => {
  const run = join(folder, 'learns');
  const config = resolve('demo', { ...tiny, steps: 150, 'health.every': 150, 'checkpoint.every': 150 });
  const result = await pretrain(config, { out: run });
  const losses = (await folderStore(run).metrics()).flatMap((metric) =>
    metric.kind === 'step' ? [metric.loss] : [],
  );
  assert.equal(losses.length, 16, 'the first step, then every tenth');
  assert.ok((losses.at(-1) as number) < 0.8 * (losses[0] as number), `loss ${losses[0]} → ${losses.at(-1)}`);
  assert.ok(result.after && result.after.mrr > 0 && result.after.mrr <= 1);
});

test('gradient accumulation gives the update of the whole batch up to rounding', async () => {
  const losses = [];
  for (const accumulate of [1, 2]) {
    const run = join(folder, `accumulate-${accumulate}`);
    const config = resolve('demo', {
      ...tiny,
      steps: 2,
      accumulate,
      'log.every': 1,
      'health.every': 100,
      'checkpoint.every': 100,
    });
    losses.push((await pretrain(config, { out: run })).loss);
  }
  assert.ok(losses.every((loss) => Number.isFinite(loss)));
});

test('a frozen encoder stays as it was made', async () => {
  const { readSafetensors } = await import('../../src/run/disk/safetensors-file.js');
  const weights = [];
  for (const steps of [1, 3]) {
    const run = join(folder, `frozen-${steps}`);
    await pretrain(
      resolve('demo', {
        ...tiny,
        steps,
        'encoder.trained': 'none',
        'health.every': 100,
        'checkpoint.every': 100,
      }),
      { out: run },
    );
    weights.push(
      readSafetensors(join(run, 'model.safetensors')).tensors.get('encoder.blocks.0.attn.qkv.weight')?.data,
    );
  }
  assert.deepEqual(weights[0], weights[1]);
});

test('mistakes are told in one line', async () => {
  const config = resolve('demo', { ...tiny, steps: 1 });
  await assert.rejects(
    pretrain(config, { out: join(folder, 'learns') }),
    (error: Error) => error instanceof UserError && /exists already.*--resume/.test(error.message),
  );
  await assert.rejects(
    pretrain({ ...config, data: ['nowhere'] }, { out: join(folder, 'x') }),
    /nowhere: no such file or folder/,
  );
});
