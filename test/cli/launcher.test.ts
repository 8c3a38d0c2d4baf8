import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const launcher = join(root, 'bin', 'iwm.js');
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };

/** Runs node in another folder than the checkout, as a user would. */
function node(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: tmpdir(), encoding: 'utf8' });
  return { status, stdout, stderr };
}

function assertOneLine(stderr: string, pattern: RegExp) {
  assert.match(stderr, /^iwm: [^\n]+\n$/);
  assert.match(stderr, pattern);
}

test('--help and --version answer on standard output', () => {
  const help = node(launcher, '--help');
  assert.deepEqual([help.status, help.stderr], [0, '']);
  assert.match(help.stdout, /^Usage: iwm /);
  assert.deepEqual(node(launcher, '--version'), { status: 0, stdout: `${version}\n`, stderr: '' });
});

test('an unknown option or command is one line on standard error and exit code 2', () => {
  const option = node(launcher, '--versoin');
  assert.deepEqual([option.status, option.stdout], [2, '']);
  assertOneLine(option.stderr, /unknown option '--versoin' \(Did you mean --version\?\)/);

  const command = node(launcher, 'no-such-command');
  assert.deepEqual([command.status, command.stdout], [2, '']);
  assertOneLine(command.stderr, /see iwm --help/);
});

test('works through the symbolic link that npm makes', () => {
  const folder = mkdtempSync(join(tmpdir(), 'iwm-'));
  try {
    symlinkSync(launcher, join(folder, 'iwm'));
    assert.equal(node(join(folder, 'iwm'), '--version').stdout, `${version}\n`);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('an old Node is told so in one line', () => {
  const pretend = `Object.defineProperty(process.versions, 'node', { value: '18.20.0' });`;
  const { status, stderr } = node(
    '--input-type=module',
    '--eval',
    `${pretend} await import(${JSON.stringify(pathToFileURL(launcher).href)})`,
  );
  assert.equal(status, 1);
  assertOneLine(stderr, /needs Node\.js 20\.9 or newer/);
});

test('a package without its build, and a checkout without its dependencies, say what to do', () => {
  const folder = mkdtempSync(join(tmpdir(), 'iwm-'));
  try {
    cpSync(join(root, 'bin'), join(folder, 'bin'), { recursive: true });
    cpSync(join(root, 'package.json'), join(folder, 'package.json'));
    const packed = node(join(folder, 'bin', 'iwm.js'));
    assert.equal(packed.status, 1);
    assertOneLine(packed.stderr, /npm run build/);

    cpSync(join(root, 'src', 'cli'), join(folder, 'src', 'cli'), { recursive: true });
    const checkout = node(join(folder, 'bin', 'iwm.js'));
    assert.equal(checkout.status, 1);
    assertOneLine(checkout.stderr, /npm ci/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
