import assert from 'node:assert/strict';
import { test } from 'node:test';
import { resolve } from '../../src/run/config.js';
import { describeProfile, layerOf, type ProfileRow, profileStep } from '../../src/speed/profile.js';
import { tiny } from '../train/tiny-run.js';

test('an operator is counted to the layer that traced it, also after the runtime has fused it', () => {
  const cases: [string, string][] = [
    ['encoder/blocks.3/mlp/backward/Mul.2646_kernel_time', 'encoder/blocks/mlp backward'],
    ['target/blocks.4/mlp/MatMul.1483/MatMulAddFusion/GemmTransposeFusion/_kernel_time', 'target/blocks/mlp'],
    ['encoder/patch_embed/Add.12_kernel_time', 'encoder/patch_embed'],
    ['/Slice.125/GatherSliceToSplitFusion_kernel_time', 'parameters, loss'],
    ['gemm_input_reshape_token_530_kernel_time', 'parameters, loss'],
  ];
  for (const [name, layer] of cases) assert.equal(layerOf(name), layer);
});

test("a step's profile accounts for all its operators twice, by operator and by layer", async () => {
  const config = resolve('demo', { ...tiny, data: ['synthetic:32'], batch: 8 });
  const profile = await profileStep(config, { rounds: 2, threads: 1 });
  for (const rows of [profile.byOperator, profile.byLayer]) {
    const sum = (key: 'milliseconds' | 'share'): number =>
      rows.reduce((total: number, row: ProfileRow) => total + row[key], 0);
    assert.ok(Math.abs(sum('share') - 1) < 1e-9);
    assert.ok(Math.abs(sum('milliseconds') - profile.milliseconds) < 1e-6);
  }
  const layers = new Set(profile.byLayer.map((row) => row.name));
  for (const layer of ['views', 'encoder/blocks/attn', 'predictor/blocks/mlp backward', 'target', 'update'])
    assert.ok(layers.has(layer), `${layer} in ${[...layers].join(', ')}`);
  assert.match(describeProfile(profile), /by operator\n.*by layer\n/s);
});
