import assert from 'node:assert/strict';
import { test } from 'node:test';
import { explainFailure } from '../../src/cli/failure.js';
import { createProgram } from '../../src/cli/program.js';
import { UserError } from '../../src/errors.js';

/** How `iwm ...args` ends, where its one command `train` takes an image and `--steps`. */
async function end(...args: string[]) {
  const program = createProgram([
    (iwm) =>
      iwm
        // The help that commander prints itself is not looked at here.
        .configureOutput({ writeOut: () => {}, writeErr: () => {} })
        .command('train')
        .argument('<image>')
        .option('--steps <n>')
        .action((image: string) => {
          throw image === 'bad' ? new UserError('bad: not an image') : new TypeError('x is\n  undefined');
        }),
  ]);
  try {
    await program.parseAsync(args, { from: 'user' });
  } catch (error) {
    return explainFailure(error, args);
  }
  return { exitCode: 0 };
}

test('wrong usage ends with 2 and one line, with a suggestion where there is one', async () => {
  assert.deepEqual(await end('trian'), {
    exitCode: 2,
    message: "unknown command 'trian' (Did you mean train?)",
  });
  assert.deepEqual(await end('train', 'a.png', '--stesp', '3'), {
    exitCode: 2,
    message: "unknown option '--stesp' (Did you mean --steps?)",
  });
  assert.deepEqual(await end('zzzzzz'), { exitCode: 2, message: "unknown command 'zzzzzz'; see iwm --help" });
  assert.deepEqual(await end('train'), {
    exitCode: 2,
    message: "missing required argument 'image'; see iwm train --help",
  });
  assert.deepEqual(await end('--zzzzzz'), {
    exitCode: 2,
    message: "unknown option '--zzzzzz'; see iwm --help",
  });
});

test('no command at all is wrong usage, told by the help itself', async () => {
  assert.deepEqual(await end(), { exitCode: 2 });
});

test('help and version are no failures', async () => {
  assert.deepEqual(await end('--help'), { exitCode: 0 });
  assert.deepEqual(await end('train', '--help'), { exitCode: 0 });
  assert.deepEqual(await end('--version'), { exitCode: 0 });
});

test('a mistake of the user and a defect of ours', async () => {
  assert.deepEqual(await end('train', 'bad'), { exitCode: 1, message: 'bad: not an image' });
  assert.deepEqual(explainFailure(new UserError('no key x', 2)), { exitCode: 2, message: 'no key x' });
  assert.deepEqual(await end('train', 'other'), {
    exitCode: 1,
    message: 'internal error: x is undefined (IWM_DEBUG=1 shows where)',
  });
  assert.match(explainFailure('a string').message ?? '', /^internal error: a string/);
});

test('a folder in the place of a file, and the like, is a sentence', () => {
  const sentence = (code: string, path?: string): string =>
    explainFailure(Object.assign(new Error(`${code}: …`), { code, path })).message ?? '';
  assert.equal(sentence('EISDIR', 'photos'), 'photos: a folder, where a file is wanted: give a file');
  assert.equal(sentence('EISDIR'), 'a folder, where a file is wanted: give a file');
  assert.match(sentence('ENOTDIR', 'a.jpg/x'), /^a\.jpg\/x: leads through a file/);
  assert.equal(sentence('ENOENT', 'gone'), 'gone: no such file or folder');
});

test('a full disk is told as such, also as the cause of another error', () => {
  const full = Object.assign(new Error('ENOSPC: no space left on device, write'), {
    code: 'ENOSPC',
    path: 'runs/a/model.safetensors',
  });
  const line = 'runs/a/model.safetensors: no space left on the disk: free some and try again';
  assert.deepEqual(explainFailure(full), { exitCode: 1, message: line });
  assert.deepEqual(explainFailure(new Error('save failed', { cause: full })), { exitCode: 1, message: line });
});
