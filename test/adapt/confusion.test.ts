import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AccuracyCount } from '../../src/adapt/scores/accuracy.js';
import { ConfusionCount, table, totals, worstPairs } from '../../src/adapt/scores/confusion.js';
import { describeConfusion } from '../../src/adapt/scores/describe-confusion.js';
import { random } from '../../src/random.js';

const names = (count: number): string[] => Array.from({ length: count }, (_, i) => `c${i}`);

test('counts, totals and the worst pairs agree with counting anew', () => {
  const draw = random(5);
  const asked = Array.from({ length: 500 }, () => [draw.integer(4), draw.integer(4)] as const);
  const count = new ConfusionCount(4);
  for (const [truth, told] of asked) count.add(truth, told);
  const { confusion } = count;
  const of = (a: number, b: number): number => asked.filter(([x, y]) => x === a && y === b).length;
  assert.deepEqual(
    table(confusion, 4),
    [0, 1, 2, 3].map((a) => [0, 1, 2, 3].map((b) => of(a, b))),
  );
  for (const [label, own] of totals(confusion))
    assert.deepEqual(own, {
      truth: asked.filter(([x]) => x === label).length,
      told: asked.filter(([, y]) => y === label).length,
      right: of(label, label),
    });
  const [worst, next] = worstPairs(confusion, 2);
  const wrong = asked.flatMap(([a, b]) => (a === b ? [] : [of(a, b)])).sort((a, b) => b - a);
  assert.equal(worst?.count, wrong[0]);
  assert.ok(next!.count <= worst!.count && next!.truth !== next!.told);
});

test('sixty thousand classes take no more than what occurs, in memory and as JSON', () => {
  const classes = 60_001;
  const count = new AccuracyCount(classes);
  const logits = new Float32Array(classes);
  logits[60_000] = 1;
  for (const label of [10_001, 20_002, 60_000]) count.add(logits, label);
  const { confusion, accuracy } = count.accuracy;
  assert.ok(Math.abs(accuracy - 1 / 3) < 1e-12);
  assert.deepEqual(confusion, [
    { truth: 10_001, told: 60_000, count: 1 },
    { truth: 20_002, told: 60_000, count: 1 },
    { truth: 60_000, told: 60_000, count: 1 },
  ]);
  assert.ok(JSON.stringify(confusion).length < 200);
  assert.equal(
    describeConfusion(names(classes), confusion, 'counts'),
    [
      'confusion: what happens most of 60,001 classes; all with --json',
      '  c10001 taken for c60000: 1',
      '  c20002 taken for c60000: 1',
    ].join('\n'),
  );
});

test('few classes are a table', () => {
  const count = new ConfusionCount(2);
  for (const [truth, told] of [
    [0, 0],
    [0, 0],
    [0, 0],
    [0, 1],
  ] as const)
    count.add(truth, told);
  const lines = (as: 'counts' | 'shares'): string[] =>
    describeConfusion(['cat', 'dog'], count.confusion, as).split('\n').slice(2);
  assert.deepEqual(lines('counts'), ['  0 cat   3   1', '  1 dog   0   0']);
  assert.deepEqual(lines('shares'), ['  0 cat  75  25', '  1 dog   0   0']);
});
