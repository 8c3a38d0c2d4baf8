import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';

const folder = mkdtempSync(join(tmpdir(), 'iwm-cli-pretrain-'));
after(() => rmSync(folder, { recursive: true }));

const iwm = (...args: string[]) =>
  spawnSync(process.execPath, ['--import', 'tsx', 'src/cli/main.ts', ...args], { encoding: 'utf8' });

const out = join(folder, 'out');

test('what would train on other images than meant is refused in one line, and leaves no folder', () => {
  for (const [args, pattern] of [
    [['--steps', '3'], /^iwm: no images given; --data takes them, --data synthetic draws[^\n]+\n$/],
    [['--resume'], /^iwm: \S+ holds no run to go on with; [^\n]+\n$/],
    [
      ['--data', 'synthetic', '--steps', '3', '--epochs', '1'],
      /^iwm: give either --steps or --epochs[^\n]+\n$/,
    ],
    [['--from', join(folder, 'none')], /^iwm: \S+ is no run folder: [^\n]+\n$/],
    [['--from', folder, '--preset', 'demo'], /^iwm: --from begins a new run [^\n]+ leave --preset out\n$/],
    [['--encoder', 'vit/', '--from', folder], /^iwm: --encoder begins a new run [^\n]+ leave --from out\n$/],
    [['--encoder', 'vit/', '--resume'], /^iwm: --encoder begins a new run [^\n]+ leave --resume out\n$/],
    [['--encoder', join(folder, 'none')], /^iwm: \S+none: no such file or folder; an encoder is [^\n]+\n$/],
    [
      ['--data', 'synthetic', '--set', 'predictor.dept=3'],
      /^iwm: unknown key predictor\.dept in the configuration \(did you mean predictor\.depth\?\)\n$/,
    ],
  ] as const) {
    const { status, stderr, stdout } = iwm('pretrain', '--out', out, ...args);
    assert.notEqual(status, 0);
    assert.match(stderr, pattern);
    assert.equal(stdout, '');
    assert.ok(!existsSync(out), args.join(' '));
  }
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
