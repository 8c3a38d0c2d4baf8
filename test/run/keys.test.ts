import assert from 'node:assert/strict';
import { test } from 'node:test';
import { resolve } from '../../src/run/config.js';
import { configSchema } from '../../src/run/config-schema.js';
import { keysOf, nearestKey } from '../../src/run/keys.js';
import { get, type Tree } from '../../src/run/settings.js';

const keys = keysOf(configSchema);
const names = keys.map(({ key }) => key);

/** All dotted keys of a value, by walking it. */
const walk = (value: unknown, key = ''): string[] =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.entries(value).flatMap(([name, inner]) => walk(inner, key === '' ? name : `${key}.${name}`))
    : [key];

test('every key has a meaning, and every value of a preset a key', () => {
  for (const { key, meaning } of keys) assert.ok(meaning.length > 3, key);
  assert.equal(new Set(names).size, names.length);
  for (const preset of ['demo', 'cifar', 'small', 'vit-b16'])
    for (const key of walk(resolve(preset))) assert.ok(names.includes(key), key);
});

test('a key is listed only where it can be set', () => {
  const config = resolve('demo');
  for (const key of names.filter((name) => get(config as unknown as Tree, name) !== undefined))
    resolve('demo', { [key]: get(config as unknown as Tree, key) });
});

test('the key that was meant is found by its spelling, and by its last name', () => {
  for (const [given, meant] of [
    ['predictor.dept', 'predictor.depth'],
    ['learningRate', 'optimiser.learningRate'],
    ['optimizer.learningRate', 'optimiser.learningRate'],
    ['encoder.learningrate', 'optimiser.learningRate'],
    ['badsamples', 'badSamples'],
    ['augmentation.hue', 'augmentation.jitter.hue'],
    ['zzzzzz', undefined],
  ] as const)
    assert.equal(nearestKey(given, keys), meant, given);
});
