import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, type MockTracker, test } from 'node:test';
import { commands } from '../../src/cli/commands.js';
import { explainFailure } from '../../src/cli/failure.js';
import { createProgram } from '../../src/cli/program.js';

const folder = mkdtempSync(join(tmpdir(), 'iwm-cli-pretrain-'));
after(() => rmSync(folder, { recursive: true }));

const iwm = (...args: string[]) =>
  spawnSync(process.execPath, ['--import', 'tsx', 'src/cli/main.ts', ...args], { encoding: 'utf8' });

/** How the command fails, and what it has said on standard error before; without a process of its own. */
async function refused(mock: MockTracker, args: readonly string[]) {
  const write = mock.method(process.stderr, 'write', () => true);
  try {
    await createProgram(commands).parseAsync(args, { from: 'user' });
  } catch (error) {
    return { ...explainFailure(error, args), said: write.mock.callCount() };
  } finally {
    write.mock.restore();
  }
  return { exitCode: 0, said: write.mock.callCount() };
}

const out = join(folder, 'out');

test('what would train on other images than meant is refused in one line, and leaves no folder', async ({
  mock,
}) => {
  for (const [args, pattern] of [
    [['--steps', '3'], /^no images given; --data takes them, --data synthetic draws/],
    [['--resume'], /^\S+ holds no run to go on with; .+$/],
    [['--data', 'synthetic', '--steps', '3', '--epochs', '1'], /^give either --steps or --epochs.+$/],
    [['--from', join(folder, 'none')], /^\S+ is no run folder: .+$/],
    [['--from', folder, '--preset', 'demo'], /^--from begins a new run .+ leave --preset out$/],
    [['--encoder', 'vit/', '--from', folder], /^--encoder begins a new run .+ leave --from out$/],
    [['--encoder', 'vit/', '--resume'], /^--encoder begins a new run .+ leave --resume out$/],
    [['--encoder', join(folder, 'none')], /^\S+none: no such file or folder; an encoder is .+$/],
    [
      ['--data', 'synthetic', '--set', 'predictor.dept=3'],
      /^unknown key predictor\.dept in the configuration \(did you mean predictor\.depth\?\)$/,
    ],
  ] as const) {
    const { exitCode, message, said } = await refused(mock, ['pretrain', '--out', out, ...args]);
    assert.notEqual(exitCode, 0);
    assert.match(message ?? '', pattern);
    assert.ok(!message?.includes('\n'));
    assert.equal(said, 0);
    assert.ok(!existsSync(out), args.join(' '));
  }
  // As a process prints it.
  const { status, stderr, stdout } = iwm('pretrain', '--out', out, '--steps', '3');
  assert.equal(status, 2);
  assert.match(stderr, /^iwm: no images given; [^\n]+\n$/);
  assert.equal(stdout, '');
});

test('epochs, batch and rate are options, and the configuration is a line', () => {
  const small = ['image.stored=16', 'image.size=16', 'image.patch=4', 'masks.visible=6', 'masks.predicted=6'];
  const tiny = [...small, 'encoder.depth=1', 'encoder.width=16', 'predictor.depth=1'];
  const { status, stderr, stdout } = iwm(
    ...['pretrain', '--preset', 'demo', '--data', 'synthetic:40', '--out', out],
    ...['--epochs', '2', '--batch', '8', '--lr', '.001', ...tiny.flatMap((each) => ['--set', each])],
  );
  assert.equal(status, 0, stderr);
  // Of 40 images 8 are held out: 2 × 32 / 8.
  assert.match(stderr, /2 epochs of 32 images: 8 steps of 8\n/);
  const [line = ''] = stderr.match(/^configuration: preset demo, .*$/m) ?? [];
  for (const said of ['batch 8', 'optimiser.learningRate 0.001', 'data synthetic:40', 'steps 8'])
    assert.ok(line.includes(`, ${said}`), line);
  assert.doesNotMatch(stderr, /checkpoint\.every/, 'what follows from the rest goes without saying');
  assert.match(stderr, /\ntakes about \d+ s/);
  assert.match(stderr, /\nstep 1\/8 {2}loss/);
  assert.match(stdout, /^run .* 8 steps, 64 images in /);
  const table = iwm('metrics', out).stdout.split('\n');
  assert.match(table[0] ?? '', /^kind,step,images,loss,/);
  assert.match(table[1] ?? '', /^step,1,8,\d/);
  assert.equal(new Set(table.slice(0, -1).map((line) => line.split(',').length)).size, 1);
});

test('iwm config lists each key with its value and its meaning', () => {
  const listed = JSON.parse(iwm('config', 'demo', '--json', '--set', 'batch=7').stdout) as { key: string }[];
  const find = (key: string) => listed.find((row) => row.key === key);
  assert.deepEqual(find('batch'), { key: 'batch', value: 7, meaning: 'images in an update' });
  assert.match(iwm('config').stdout, /\nencoder\.width +96 +features of a patch/);
});
