import { openEncoder } from '../../src/encoders/open-encoder.js';
import type { Engine } from '../../src/engine/index.js';
import { flatSpecs, unpack } from '../../src/nn/index.js';
import { adopt, modelConfig } from '../../src/run/config.js';
import { spec, type Tensor, trace } from '../../src/tensor/index.js';
import { type Encoder, encode, layouts } from '../../src/world-model/index.js';

/** Latents by others' encoder of an image [3, size, size]: all, those of a view that sees all of them, and two of them. */
export async function importedLatents(engine: Engine, source: string, size: number, image: Float32Array) {
  const { settled, weights } = await openEncoder(source);
  const { encoder } = modelConfig(adopt('cifar', settled, { 'image.size': size }));
  const predictor = { depth: 1, width: 4, heads: 1, conditioning: 'none' } as const;
  const layout = layouts({ encoder, predictor }).encoder;
  const tokens = (size / encoder.patch) ** 2;
  const inputs = {
    images: spec([1, 3, size, size]),
    all: spec([1, tokens], 'int32'),
    some: spec([1, 2], 'int32'),
    weights: flatSpecs(layout),
  };
  const program = trace('latents', inputs, (traced) => {
    const { images, all, some, weights } = traced as unknown as Record<'images' | 'all' | 'some', Tensor> & {
      weights: Parameters<typeof unpack>[1];
    };
    const parameters = unpack(layout, weights) as Encoder<Tensor>;
    return {
      whole: encode(images, parameters, encoder),
      seeingAll: encode(images, parameters, encoder, { visible: all }),
      wanted: encode(images, parameters, encoder, { wanted: some }),
    };
  });
  const executable = await engine.compile(program);
  const results = await executable.run({
    images: image,
    all: Int32Array.from({ length: tokens }, (_, i) => i),
    some: Int32Array.of(3, 1),
    weights: weights(layout),
  } as never);
  const [whole, seeingAll, wanted] = await Promise.all([
    results.whole.read(),
    results.seeingAll.read(),
    results.wanted.read(),
  ]);
  return { whole, seeingAll, wanted, width: encoder.width } as {
    readonly whole: Float32Array;
    readonly seeingAll: Float32Array;
    readonly wanted: Float32Array;
    readonly width: number;
  };
}

/** How far numbers are from others, as a share of these; none where there are not as many. */
export function apart(actual: Float32Array, wanted: Float32Array): number {
  if (actual.length !== wanted.length) return Number.NaN;
  const norm = (numbers: Float32Array): number => Math.sqrt(numbers.reduce((sum, x) => sum + x * x, 0));
  return norm(actual.map((value, i) => value - (wanted[i] ?? 0))) / norm(wanted);
}
