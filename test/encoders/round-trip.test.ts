import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { openEncoder } from '../../src/encoders/open-encoder.js';
import { preprocessorConfig, timmConfig, transformersConfig } from '../../src/export/config-files.js';
import { timmWeights, transformersWeights } from '../../src/export/encoder-names.js';
import { adopt, modelConfig } from '../../src/run/config.js';
import { writeSafetensors } from '../../src/run/disk/safetensors-file.js';
import { layouts } from '../../src/world-model/index.js';

const folder = mkdtempSync(join(tmpdir(), 'iwm-round-trip-'));
after(() => rmSync(folder, { recursive: true }));

/** An encoder's configuration, layout and weights, as a run has them. */
async function imported(source: string) {
  const { settled, weights } = await openEncoder(source);
  const config = adopt('cifar', settled, {});
  const model = modelConfig(config);
  const layout = layouts(model).encoder;
  return { config, encoder: model.encoder, layout, weights: weights(layout) };
}

for (const name of ['ijepa', 'vit', 'dinov2', 'dinov2_with_registers', 'timm-vit', 'timm-dinov2'])
  test(`${name}: what is exported and imported again is the same, bit for bit`, async () => {
    const source = fileURLToPath(new URL(`../fixtures/encoders/${name}`, import.meta.url));
    const before = await imported(source);
    const { normalisation, image } = before.config;
    const timm = timmWeights(before.layout, before.weights, before.encoder);
    for (const [form, config, tensors] of [
      ['timm', timmConfig(before.encoder, normalisation), timm],
      ['transformers', transformersConfig(before.encoder), transformersWeights(timm, before.encoder)],
    ] as const) {
      const out = mkdtempSync(join(folder, `${name}-${form}-`));
      const json = (file: string, content: unknown) =>
        writeFileSync(join(out, file), JSON.stringify(content));
      json('config.json', config);
      if (form === 'transformers')
        json('preprocessor_config.json', preprocessorConfig(normalisation, image.size, 'square'));
      writeSafetensors(join(out, 'model.safetensors'), { tensors, metadata: {} });
      const now = await imported(out);
      assert.deepEqual(now.weights, before.weights, form);
      // timm's files do not tell epsilon.
      const { epsilon, ...encoder } = now.encoder;
      assert.deepEqual({ ...encoder, epsilon: before.encoder.epsilon }, before.encoder);
      if (form === 'transformers') assert.equal(epsilon, before.encoder.epsilon);
      assert.deepEqual(now.config.normalisation, normalisation);
    }
  });
