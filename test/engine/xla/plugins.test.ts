import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, beforeEach, test } from 'node:test';
import { createEngine } from '../../../src/engine/create-engine.js';
import { describeDevices, listDevices } from '../../../src/engine/devices.js';
import type { Device } from '../../../src/engine/index.js';
import { findPlugin, findPlugins } from '../../../src/engine/xla/plugins.js';
import { UserError } from '../../../src/errors.js';
import { spec, trace } from '../../../src/tensor/index.js';

const folder = mkdtempSync(join(tmpdir(), 'iwm-plugins-'));
const before = { ...process.env };
/** A file of no use, where a plugin would be. */
function file(...path: string[]): string {
  const name = join(folder, ...path);
  mkdirSync(dirname(name), { recursive: true });
  writeFileSync(name, 'no library');
  return name;
}

/** A Python whose packages are in the folder. */
function usePython(): void {
  writeFileSync(join(folder, 'python3'), `#!/bin/sh\necho ''\necho '${folder}/packages'\n`);
  chmodSync(join(folder, 'python3'), 0o755);
  process.env.PATH = `${folder}:/bin:/usr/bin`;
}

beforeEach(() => {
  process.env.PATH = join(folder, 'nothing');
  delete process.env.PJRT_NAMES_AND_LIBRARY_PATHS;
});
after(() => {
  Object.assign(process.env, before);
  rmSync(folder, { recursive: true });
});

const refused = (device: string): string => {
  try {
    findPlugin(device);
  } catch (error) {
    assert.ok(error instanceof UserError, String(error));
    assert.doesNotMatch(error.message, /\n/);
    return error.message;
  }
  return assert.fail(`${device} is not refused`);
};

test('a plugin that is not there: a line that says how to get it', () => {
  assert.equal(
    refused('cuda'),
    '--device cuda: XLA\'s plugin for it is neither in PJRT_NAMES_AND_LIBRARY_PATHS nor among Python\'s packages; get it with pip install "jax-cuda13-plugin[with-cuda]"',
  );
  assert.match(refused('rocm'), /get it with pip install jax-rocm7/);
  assert.match(refused('tpu'), /get it with pip install libtpu$/);
  assert.match(refused('xla'), /^--device xla: a plugin of XLA is not in PJRT_NAMES.*see iwm devices$/);
  assert.match(refused('xla:mine'), /^--device xla:mine: a plugin called mine is not in PJRT_NAMES/);
  assert.match(refused('xla:./mine.so'), /^--device xla:\.\/mine\.so: there is no file \.\/mine\.so$/);
});

test('the environment names plugins, as for JAX', () => {
  const [cuda, own] = [file('cuda.so'), file('own.so')];
  process.env.PJRT_NAMES_AND_LIBRARY_PATHS = `cuda:${cuda}, own:${own},gone:${folder}/gone.so`;
  assert.equal(findPlugin('cuda'), cuda);
  assert.equal(findPlugin('xla:own'), own);
  assert.equal(findPlugin('xla'), cuda);
  assert.equal(findPlugin(`xla:${own}`), own);
  assert.match(refused('xla:gone'), /names .*gone\.so, which does not exist$/);
});

test("plugins among Python's packages: the newer one, and after those of the environment", {
  skip: process.platform === 'win32',
}, () => {
  const older = file('packages', 'jax_plugins', 'xla_cuda9', 'xla_cuda_plugin.so');
  const newer = file('packages', 'jax_plugins', 'xla_cuda13', 'xla_cuda_plugin.so');
  const tpu = file('packages', 'libtpu', 'libtpu.so');
  mkdirSync(join(folder, 'packages', 'jax_plugins', 'xla_rocm7'));
  usePython();
  assert.deepEqual(findPlugins(), [
    { name: 'tpu', path: tpu },
    { name: 'cuda', path: newer },
  ]);
  process.env.PJRT_NAMES_AND_LIBRARY_PATHS = `cuda:${older}`;
  assert.equal(findPlugin('cuda'), older);
  assert.match(refused('rocm'), /among Python's packages/);
});

test('a file that is no plugin is told in one line, when a program is compiled', async () => {
  const program = trace('x', { x: spec([1]) }, ({ x }) => ({ y: x }));
  for (const path of [file('text.so'), process.execPath]) {
    const engine = createEngine({ device: `xla:${path}` as Device });
    await assert.rejects(engine.compile(program), (error: unknown) => {
      assert.ok(error instanceof UserError, String(error));
      assert.match(error.message, / is no PJRT plugin that can be used here: .+/);
      assert.doesNotMatch(error.message, /\n/);
      return true;
    });
    engine.dispose();
  }
});

test('a profile is ONNX Runtime’s', () => {
  const device = `xla:${file('text.so')}` as Device;
  assert.throws(
    () => createEngine({ device, profile: 'trace' }),
    /has no profile; profile on cpu or webgpu$/,
  );
});

test('the list of devices: what is there, what is not and why, what auto takes', async () => {
  const path = file('text.so');
  process.env.PJRT_NAMES_AND_LIBRARY_PATHS = `own:${path}`;
  const found = await listDevices();
  const of = (name: string) => found.devices.find(({ device }) => device === name);
  assert.deepEqual(
    found.devices.map(({ device }) => device),
    ['cpu', 'webgpu', 'tpu', 'cuda', 'rocm', 'xla:own'],
  );
  assert.equal(of('cpu')?.usable, true);
  assert.match(of('cpu')?.says ?? '', /\d+ threads, [\d.]+ GiB$/);
  assert.match(of('cuda')?.says ?? '', /pip install "jax-cuda13-plugin\[with-cuda\]"/);
  assert.deepEqual([of('xla:own')?.usable, of('xla:own')?.engine], [false, 'XLA']);
  assert.match(of('xla:own')?.says ?? '', /text\.so is no PJRT plugin/);
  // Without any plugin of an accelerator.
  assert.equal(found.auto, 'cpu');
  const lines = describeDevices(found).split('\n');
  assert.equal(lines.length, found.devices.length + 1);
  assert.match(lines.at(-1) ?? '', /^--device auto takes cpu;/);
  const auto = createEngine({ device: 'auto' });
  assert.equal(auto.device, 'cpu');
  auto.dispose();
});
