import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { UserError } from '../../src/errors.js';
import { resolve } from '../../src/run/config.js';
import { demands } from '../../src/train/estimate.js';
import { stepConfig, traceStep } from '../../src/train/step.js';
import { pretrain } from '../../src/verbs/pretrain.js';
import { tiny } from './tiny-run.js';

const folder = mkdtempSync(join(tmpdir(), 'iwm-estimate-'));
after(() => rmSync(folder, { recursive: true }));

test('what cannot fit in memory is refused before anything is written, with the estimate and what to lower', async () => {
  for (const [settings, says] of [
    [{ batch: 2 ** 25 }, /raise accumulate \(now 1\)/],
    [{ 'encoder.width': 2 ** 17 }, /lower encoder\.width/],
  ] as const) {
    const out = join(folder, 'large');
    await assert.rejects(pretrain(resolve('demo', { ...tiny, ...settings }), { out }), (error) => {
      assert.ok(error instanceof UserError, String(error));
      assert.match(error.message, /needs about \d+\.\d GiB of memory .* there are \d+\.\d GiB; /);
      assert.match(error.message, says);
      return true;
    });
    assert.ok(!existsSync(out));
  }
});

test('where a whole step takes more than half of the memory it is parted, and takes less', () => {
  const config = stepConfig(resolve('demo', { ...tiny, batch: 4, 'encoder.width': 256, 'encoder.heads': 4 }));
  const program = traceStep(config);
  const whole = demands(program, config, 2 ** 50);
  const parted = demands(program, config, Math.floor(1.8 * whole.memory));
  assert.deepEqual([whole.parted, parted.parted], [false, true]);
  assert.ok(parted.memory < 0.75 * whole.memory, `${parted.memory} of ${whole.memory}`);
  assert.equal(parted.multiplyAdds, whole.multiplyAdds);
});
