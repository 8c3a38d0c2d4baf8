import assert from 'node:assert/strict';
import { test } from 'node:test';
import { explainFailure } from '../../src/cli/failure.js';
import {
  type CommonOptions,
  dataOption,
  deviceOption,
  integer,
  jsonOption,
  number,
  seedOption,
  setOption,
  threadsOption,
} from '../../src/cli/options.js';
import { createProgram } from '../../src/cli/program.js';

/** The options that a command gets, or the message that refuses them. */
async function parse(...args: string[]): Promise<CommonOptions | string> {
  let parsed: CommonOptions | string = 'no command ran';
  const program = createProgram([
    (iwm) => {
      const command = iwm.command('try').action((options: CommonOptions) => {
        parsed = options;
      });
      for (const option of [seedOption, threadsOption, deviceOption, setOption, dataOption, jsonOption]) {
        command.addOption(option());
      }
    },
  ]);
  try {
    await program.parseAsync(['try', ...args], { from: 'user' });
  } catch (error) {
    const { exitCode, message } = explainFailure(error);
    assert.equal(exitCode, 2);
    return message ?? '';
  }
  return parsed;
}

test('nothing said, nothing set', async () => {
  assert.deepEqual(await parse(), {});
});

test('repeatable options are collected', async () => {
  assert.deepEqual(
    await parse(
      ...[
        '--data',
        'a',
        '--data',
        'b',
        '--seed',
        '4294967295',
        '--threads',
        '2',
        '--device',
        'cpu',
        '--json',
      ],
      ...[
        '--set',
        'predictor.depth=4',
        '--set',
        'predictor.conditioning=none',
        '--set',
        'encoder.trained=none',
      ],
      ...['--set', 'predictor.depth=6', '--set', 'note=a=b', '--set', 'rate=1e-3', '--set', 'share=.05'],
    ),
    {
      data: ['a', 'b'],
      seed: 4294967295,
      threads: 2,
      device: 'cpu',
      json: true,
      set: {
        'predictor.depth': 6,
        'predictor.conditioning': 'none',
        'encoder.trained': 'none',
        note: 'a=b',
        rate: 0.001,
        share: 0.05,
      },
    },
  );
});

test('a wrong value names the option, the value and what would be right', async () => {
  for (const value of ['0', '-1', '1.5', 'two', '']) {
    assert.equal(
      await parse(`--threads=${value}`),
      `option '--threads <integer>' argument '${value}' is invalid. Give an integer of at least 1.`,
    );
  }
  assert.match(
    String(await parse('--seed', '4294967296')),
    /'4294967296' is invalid\. Give an integer from 0 to/,
  );
  assert.match(
    String(await parse('--device', 'gpu')),
    /'gpu' is invalid\. Allowed choices are cpu, webgpu, cuda, rocm, tpu, xla, auto, xla:PLUGIN\./,
  );
  assert.match(String(await parse('--set', 'depth')), /'depth' is invalid\. Give key=value/);
  assert.match(String(await parse('--set', '=3')), /'=3' is invalid\. Give key=value/);
});

test('numbers keep to their bounds', () => {
  assert.equal(integer(1)('12'), 12);
  assert.equal(number(0, 1)('.5'), 0.5);
  assert.equal(number()('-1e3'), -1000);
  for (const text of ['', ' ', 'x', 'NaN', 'Infinity', '1.01', '-0.1']) {
    assert.throws(() => number(0, 1)(text), { message: 'Give a finite number, at least 0 and at most 1.' });
  }
});
