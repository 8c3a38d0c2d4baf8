import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createEngine } from '../../src/engine/create-engine.js';
import { readSafetensors } from '../../src/run/disk/safetensors-file.js';
import { apart, importedLatents } from './imported.js';

const fixture = (name: string): string =>
  fileURLToPath(new URL(`../fixtures/encoders/${name}`, import.meta.url));
const { tensors } = readSafetensors(fixture('latents.safetensors'));
const engine = createEngine();
after(() => engine.dispose());

describe('latents are those of the original', () => {
  for (const name of ['ijepa', 'vit', 'dinov2', 'dinov2_with_registers', 'timm-vit', 'timm-dinov2'])
    for (const size of [12, 20, 8])
      test(`${name}, images of ${size} pixels`, async () => {
        const image = tensors.get(`images.${size}`)!.data;
        const { whole, seeingAll, wanted, width } = await importedLatents(engine, fixture(name), size, image);
        const truth = tensors.get(`${name}.${size}`)!.data;
        const chosen = [3, 1].flatMap((token) => [...truth.subarray(token * width, (token + 1) * width)]);
        assert.ok(apart(whole, truth) < 1e-5, `off by ${apart(whole, truth)}`);
        assert.ok(apart(seeingAll, truth) < 1e-5);
        assert.ok(apart(wanted, Float32Array.from(chosen)) < 1e-5);
      });
});
