import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { resolve, succeed } from '../../src/run/config.js';
import { describeConfig, pretrainCommand } from '../../src/run/describe-config.js';

/** What a shell makes of a command line: its words. */
const words = (command: string): string[] =>
  execFileSync('sh', ['-c', `set -- ${command}; printf '%s\\0' "$@"`], { encoding: 'utf8' })
    .split('\0')
    .slice(0, -1);

/** What stands after an option, each time. */
const after = (of: readonly string[], option: string): string[] =>
  of.flatMap((word, i) => (word === option ? [of[i + 1]!] : []));

const settings = (of: readonly string[]) =>
  Object.fromEntries(
    after(of, '--set').map((assignment) => {
      const [key, ...value] = assignment.split('=');
      return [key!, JSON.parse(value.join('='))];
    }),
  );

test('the command makes the same configuration again, whatever a shell makes of its words', () => {
  const config = resolve('cifar', {
    data: ["my photos/it's", 'b#image=x&label=y'],
    steps: 12,
    seed: 3,
    limit: 100,
    'encoder.width': 64,
    'augmentation.crop.scale': [0.2, 0.9],
    'health.images': 4,
    ema: [0.5, 1],
  });
  const command = pretrainCommand('runs/my run', config);
  const said = words(command);
  assert.deepEqual(said.slice(0, 3), ['npx', 'iwm', 'pretrain']);
  assert.deepEqual(after(said, '--out'), ['runs/my run']);
  const again = resolve(after(said, '--preset')[0]!, { data: after(said, '--data'), ...settings(said) });
  assert.deepEqual(again, config);
});

test('what follows from what was set is not said', () => {
  const config = resolve('demo', { 'encoder.width': 64 });
  assert.equal(
    pretrainCommand('r', config),
    'npx iwm pretrain --preset demo --data synthetic --set encoder.width=64 --out r',
  );
  assert.equal(describeConfig(config), 'preset demo, encoder.width 64');
});

test('a run that began with the weights of another says so', () => {
  const before = resolve('demo', { 'encoder.width': 64 });
  const from = { run: 'runs/first', sha256: 'ab' };
  const config = succeed(before, from, { steps: 20, 'optimiser.learningRate': 1e-4 });
  const said = words(pretrainCommand('r', config));
  assert.deepEqual(after(said, '--from'), ['runs/first']);
  assert.deepEqual(after(said, '--preset'), []);
  assert.deepEqual(succeed(before, from, { data: after(said, '--data'), ...settings(said) }), config);
});
