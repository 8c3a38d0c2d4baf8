import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { ImageSet } from '../../src/data/image-set.js';
import { createEngine } from '../../src/engine/create-engine.js';
import { describeEvaluation } from '../../src/evaluate/evaluation.js';
import { createEvaluator } from '../../src/evaluate/evaluator.js';
import { type KeptNumbers, measureModel } from '../../src/evaluate/measure-model.js';
import { initialise } from '../../src/nn/index.js';
import { random } from '../../src/random.js';
import { layouts, type ModelConfig, paperAugmentation } from '../../src/world-model/index.js';

const engine = createEngine({ threads: 1 });
after(() => engine.dispose());

const SIDE = 8;
const model: ModelConfig = {
  encoder: { depth: 1, width: 16, heads: 2, image: SIDE, patch: 4 },
  predictor: { depth: 1, width: 16, heads: 2, conditioning: 'feature' },
};
const config = {
  model,
  normalisation: { mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25] },
  augmentation: paperAugmentation,
  image: { height: SIDE, width: SIDE },
} as const;
const parts = layouts(model);
const encoder = initialise(parts.encoder, 1, 0);
const weights = { encoder, target: encoder, predictor: initialise(parts.predictor, 1, 1) };
const evaluator = await createEvaluator(engine, config);

const draw = random(41);
const noise = (): Float32Array => Float32Array.from({ length: 3 * SIDE ** 2 }, () => draw.next());
const grey = (): Float32Array => {
  const plane = Float32Array.from({ length: SIDE ** 2 }, () => draw.next());
  return Float32Array.of(...plane, ...plane, ...plane);
};
const black = (): Float32Array => new Float32Array(3 * SIDE ** 2);

/** Images in memory; of unlabelled ones no class is known. */
function imagesOf(all: Float32Array[], classes?: string[], labels?: number[]): ImageSet {
  return {
    source: 'memory',
    split: 'all',
    description: 'memory',
    notes: [],
    length: all.length,
    size: SIDE,
    classes,
    labels: labels && Int32Array.from(labels),
    batch: async (indices) => Float32Array.from(Array.from(indices).flatMap((i) => Array.from(all[i]!))),
    bad: async () => new Map(),
    name: String,
    digests: async (indices) => Array.from(indices, (i) => all[i]!.join()),
    prefetch: () => {},
    subset: (indices) =>
      imagesOf(
        Array.from(indices, (i) => all[i]!),
        classes,
        labels && Array.from(indices, (i) => labels[i]!),
      ),
    close: async () => {},
  };
}

const many = (count: number, make: () => Float32Array): Float32Array[] => Array.from({ length: count }, make);
const measure = (
  asked: ImageSet,
  {
    bank = imagesOf(many(4, noise)),
    images = 2,
    kept,
  }: { bank?: ImageSet; images?: number; kept?: KeptNumbers } = {},
) =>
  measureModel(
    evaluator,
    config,
    weights,
    { asked, bank, description: { asked: 'asked', bank: 'bank' } },
    { run: 'a run', images, seed: 0, kept },
  );

test('of a few images nothing is said that needs many', async () => {
  const few = await measure(imagesOf(many(31, noise)));
  for (const absent of ['actionR2', 'rankMe', 'featureDeviation', 'standardErrors', 'knn', 'whitenedKnn'])
    assert.ok(!(absent in few), absent);
  const why = '31 different images; 32 are needed';
  assert.equal(few.verdict, `too few images to tell (${why})`);
  assert.ok(few.notes.includes(`action R², RankMe and feature deviation: too few to tell (${why})`));
  assert.doesNotMatch(describeEvaluation(few), /collapsed|NaN|undefined/);
  assert.deepEqual(Object.keys(few.protocol), ['images', 'order', 'seed', 'mrr', 'byAction']);
  const enough = await measure(imagesOf(many(32, noise)));
  assert.ok(enough.rankMe! > 1 && Number.isFinite(enough.standardErrors!.rankMe));
});

test('one image many times over is one image, not a collapse', async () => {
  const one = noise();
  const { verdict, rankMe } = await measure(imagesOf(many(40, () => one)));
  assert.equal(verdict, 'too few images to tell (1 different image; 32 are needed)');
  assert.equal(rankMe, undefined);
});

test('an MRR of a single image has no standard error', async () => {
  const evaluation = await measure(imagesOf(many(3, noise)), { images: 1 });
  assert.equal(evaluation.mrr.standardError, undefined);
  assert.match(
    describeEvaluation(evaluation),
    /^MRR {8}\d\.\d{3} \(L2 \d\.\d{3}; .* 1 image × 16 actions\)$/m,
  );
});

test('grey images: saturation and hue change nothing, which is said and not measured', async () => {
  const { mrr, notes } = await measure(imagesOf(many(3, grey)), { images: 3 });
  assert.deepEqual(Object.keys(mrr.byAction), ['brightness', 'contrast']);
  assert.ok(notes.includes('the images are grey: saturation and hue change nothing'), notes.join());
});

test('a jitter of little strength still changes an image', async () => {
  const jitter = { ...paperAugmentation.jitter, hue: 1e-4, contrast: 0 };
  const weak = await createEvaluator(engine, { ...config, augmentation: { ...paperAugmentation, jitter } });
  assert.deepEqual([...(await weak.effectiveJitters(noise()))], ['brightness', 'saturation', 'hue']);
});

test('some images that a jitter cannot change are left out of its MRR, and how many is said', async () => {
  const { mrr, notes } = await measure(imagesOf([noise(), grey(), black(), noise()]), { images: 4 });
  const counts = Object.values(mrr.byAction).map(({ images }) => images);
  assert.deepEqual(counts, [3, 3, 2, 2]);
  for (const note of [
    '1 of 4 images is black: brightness changes nothing in it',
    '1 of 4 images is of a single grey: contrast changes nothing in it',
    '2 of 4 images are grey: saturation and hue change nothing in them',
  ])
    assert.ok(notes.includes(note), `${note}, not ${notes.join('; ')}`);
});

test('k-NN asks and searches labelled images only, in the numbering of the bank', async () => {
  const images = many(6, noise);
  const bank = imagesOf([...images, noise(), noise()], ['c', 'a', 'b'], [1, 2, 0, 1, 2, 0, -1, -1]);
  const asked = imagesOf(images, ['a', 'b'], [0, 1, -1, 0, 1, -1]);
  const { knn, notes } = await measure(asked, { bank });
  assert.deepEqual([knn!.bank, knn!.asked, knn!.k], [6, 4, 6]);
  assert.ok(notes.includes('k-NN: 2 images without a label, not asked'));
  assert.ok(notes.includes('k-NN: 2 images of its bank without a label, not searched'));
  // Of three equally common classes the first counts, c, and no asked image has it.
  assert.equal(knn!.commonest, 0);
});

test('one class only tells nothing', async () => {
  const one = (count: number): ImageSet => imagesOf(many(count, noise), ['a'], new Array(count).fill(0));
  const { knn, notes } = await measure(one(3), { bank: one(5) });
  assert.equal(knn, undefined);
  assert.match(notes.join('\n'), /k-NN tells nothing: its bank has only one class, a/);
});

test('kept features and ranks are taken for what they are kept for, and change nothing', async () => {
  const labels = Array.from({ length: 40 }, (_, i) => i % 2);
  const [asked, bank] = [
    imagesOf(many(40, noise), ['a', 'b'], labels),
    imagesOf(many(40, noise), ['a', 'b'], labels),
  ];
  const keeping = new Map<string, Float32Array>();
  let computed = 0;
  const kept: KeptNumbers = async (what, images, compute) => {
    const key = `${what} ${await images.digests([...images.labels!.keys()])}`;
    if (!keeping.has(key)) {
      computed++;
      keeping.set(key, await compute());
    }
    return keeping.get(key)!;
  };
  const first = await measure(asked, { bank, kept });
  // Of bank and images; ranks by all jitters and by each.
  assert.equal(computed, 2 + 5);
  const second = await measure(asked, { bank, kept });
  assert.equal(computed, 2 + 5);
  assert.deepEqual(second, first);
  assert.deepEqual(await measure(asked, { bank }), first);
});

test('numbers come last, after how they were measured', async () => {
  const lines = describeEvaluation(await measure(imagesOf(many(32, noise)))).split('\n');
  const at = (start: string): number => lines.findIndex((line) => line.startsWith(start));
  assert.ok(at('protocol') < at('MRR') && at('MRR') < at('verdict'));
  assert.equal(at('verdict'), lines.length - 1);
});
