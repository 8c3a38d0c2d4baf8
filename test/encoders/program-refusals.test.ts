import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { openEncoder } from '../../src/encoders/open-encoder.js';
import { UserError } from '../../src/errors.js';
import { adopt } from '../../src/run/config.js';
import { cast, mean, reshape, spec, transpose } from '../../src/tensor/index.js';
import { drawnFiles, drawOnnx, writeLayout } from './draw-encoder.js';

const folder = mkdtempSync(join(tmpdir(), 'iwm-programs-'));
after(() => rmSync(folder, { recursive: true }));

/** A folder with another model, or other files beside it. */
function made(model?: Uint8Array, files: { config?: unknown; preprocessor?: unknown } = drawnFiles): string {
  const source = mkdtempSync(join(folder, 'encoder-'));
  writeLayout(source, model, files);
  return source;
}

const pixels = { pixel_values: spec(['batch', 3, 32, 32]) };
const good = drawOnnx();
/** A weight kept in another file: TensorProto with `external_data` in a graph, by hand. */
const external = (): Uint8Array => {
  const field = (number: number, content: Uint8Array): number[] => [
    number * 8 + 2,
    content.length,
    ...content,
  ];
  const text = (words: string): Uint8Array => new TextEncoder().encode(words);
  const entry = Uint8Array.from([...field(1, text('location')), ...field(2, text('model.onnx_data'))]);
  const tensor = Uint8Array.from([8, 4, ...field(8, text('w')), ...field(13, entry)]);
  const value = (name: string): Uint8Array => Uint8Array.from(field(1, text(name)));
  const graph = [
    ...field(5, tensor),
    ...field(11, value('pixel_values')),
    ...field(12, value('last_hidden_state')),
  ];
  return Uint8Array.from(field(7, Uint8Array.from(graph)));
};

const cases: Record<string, [source: () => string, line: RegExp]> = {
  'no ONNX': [
    () => made(new TextEncoder().encode('version https://')),
    /model\.onnx is no ONNX model, or was cut off; get it anew$/,
  ],
  'not fetched': [
    () => made(new TextEncoder().encode('version https://git-lfs.github.com/spec/v1\n')),
    /model\.onnx is a pointer of Git LFS, not the file itself: fetch it with git lfs pull$/,
  ],
  'cut off': [() => made(good.subarray(0, good.length / 2)), /model\.onnx is no ONNX model, or was cut off/],
  'no such file': [() => join(folder, 'none.onnx'), /none\.onnx: there is no such file$/],
  'text too': [
    () => made(drawOnnx({ ...pixels, input_ids: spec(['batch', 7], 'int64') })),
    /expected one input, pixel_values, found pixel_values, input_ids: export the encoder of images alone$/,
  ],
  'one image at a time': [
    () => made(drawOnnx({ pixel_values: spec([1, 3, 32, 32]) })),
    /expected any number of images at once, found 1: export it with a dynamic batch axis$/,
  ],
  'images in half precision': [
    () => made(drawOnnx({ pixel_values: spec(['batch', 3, 32, 32], 'float16') })),
    /expected pixel_values in float32, found float16: take another of its files \(onnx\/model\.onnx\), or export it with inputs and outputs in float32/,
  ],
  'latents in half precision': [
    () => made(drawOnnx(pixels, (latents) => ({ last_hidden_state: cast(latents, 'float16') }))),
    /expected last_hidden_state in float32, found float16: take another of its files/,
  ],
  'no latents of patches': [
    () => made(drawOnnx(pixels, (latents) => ({ image_embeds: mean(latents, [1]) }))),
    /expected an output \[B, tokens, D\] with latents of patches, found image_embeds \[\?, 32\]$/,
  ],
  'a map': [
    () =>
      made(
        drawOnnx(pixels, (latents) => ({
          map: reshape(transpose(latents, [0, 2, 1]), ['batch', 32, 4, 4]),
        })),
      ),
    /found map \[\?, 32, 4, 4\]$/,
  ],
  'other patches than it says': [
    () => made(good, { ...drawnFiles, config: { patch_size: 4 } }),
    /expected 8 × 8 patches of 4 pixels and a few tokens before them, found 17 tokens for an image of 32 × 32$/,
  ],
  'no square': [
    () =>
      made(
        drawOnnx(pixels, (latents) => ({ half: reshape(latents, ['batch', 8, 64]) })),
        {},
      ),
    /expected a square of patches and a few tokens before them, found 8 tokens/,
  ],
  'damaged settings': [
    () => {
      const source = made();
      writeFileSync(join(source, 'preprocessor_config.json'), '{"image_mean": "grey"}');
      return source;
    },
    /preprocessor_config\.json: image_mean: /,
  ],
};

describe('an ONNX file that does not fit is refused in a line that says what was expected and found', () => {
  for (const [what, [source, line]] of Object.entries(cases))
    test(what, async () => {
      await assert.rejects(openEncoder(source()), (error) => {
        assert.ok(error instanceof UserError, `${error}`);
        assert.match(error.message, line);
        assert.ok(!error.message.includes('\n'));
        return true;
      });
    });

  test('weights in another file', () =>
    assert.rejects(
      openEncoder(made(external())),
      /^UserError: .*expected a model in one file, found weights in model\.onnx_data; write it as one with Python/,
    ));

  test('a size that it does not take', () =>
    assert.rejects(
      openEncoder(made(), 24),
      /^UserError: .*model\.onnx does not run on an image of 24 × 24: [^\n]+$/,
    ));
});

test('a size that its patches do not divide is refused, although the model runs on it', async () => {
  const source = fileURLToPath(new URL('../fixtures/onnx-encoder', import.meta.url));
  for (const size of [33, 36])
    await assert.rejects(
      openEncoder(source, size),
      new RegExp(
        `^UserError: .*model\\.onnx: an image of ${size} × ${size} is no whole number of its patches of 8 pixels; set image\\.size=32 or 40$`,
      ),
    );
});

test('without files beside it the square of patches is seen, and colours are taken as they are', async () => {
  const source = made(good, {});
  const { settled } = await openEncoder(join(source, 'onnx', 'model.onnx'));
  assert.deepEqual(settled.image, { size: 32, patch: 8 });
  assert.deepEqual(settled.normalisation, { mean: [0, 0, 0], std: [1, 1, 1] });
});

test('pixels that are not rescaled to 0 … 1 are normalised as if they were', async () => {
  const preprocessor = { do_rescale: false, image_mean: [127.5, 127.5, 127.5], image_std: [51, 51, 51] };
  const { settled } = await openEncoder(made(good, { preprocessor }));
  assert.deepEqual(settled.normalisation, { mean: [0.5, 0.5, 0.5], std: [0.2, 0.2, 0.2] });
});

test('what the model settles cannot be set otherwise, and it is never trained', async () => {
  const { settled } = await openEncoder(made());
  assert.throws(
    () => adopt('demo', settled, { 'encoder.width': 64 }),
    /^UserError: encoder\.width 64: of the encoder that is given it is 32; leave it out$/,
  );
  assert.throws(
    () => adopt('demo', settled, { 'encoder.trained': 'last:1' }),
    /^UserError: configuration: encoder\.trained last:1: an encoder that is an ONNX model is never trained; leave it out$/,
  );
  assert.throws(
    () => adopt('demo', settled, { 'predictor.targetBlocks': 2 }),
    /^UserError: configuration: predictor\.targetBlocks 2: an encoder that is an ONNX model gives the latents of its last block alone; leave it out$/,
  );
});
