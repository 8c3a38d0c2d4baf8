import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { makeFolder } from '../../src/make-folder.js';
import { lockRun } from '../../src/run/disk/run-lock.js';

const folder = mkdtempSync(join(tmpdir(), 'iwm-make-'));
after(() => rmSync(folder, { recursive: true }));

test('a folder is made with those above it; what is there stays', () => {
  const deep = join(folder, 'a', 'b', 'c');
  assert.equal(makeFolder(deep), true);
  assert.ok(existsSync(deep));
  assert.equal(makeFolder(deep), false);
});

test('under a file none can be', () => {
  const file = join(folder, 'file');
  writeFileSync(file, '');
  assert.throws(() => makeFolder(join(file, 'a', 'b')), { code: 'ENOTDIR', path: join(file, 'a') });
});

test('where the system keeps no folders, a line says so at once', { skip: !existsSync('/proc/self') }, () => {
  for (const make of [makeFolder, lockRun])
    assert.throws(
      () => make('/proc/iwm/run'),
      /^UserError: \/proc\/iwm\/run: no folder can be made in \/proc: choose another place$/,
    );
});
