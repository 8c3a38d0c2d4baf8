import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { resolve } from '../../src/run/config.js';
import { readConfig as readAnywhere } from '../../src/run/config-file.js';
import { folderFiles } from '../../src/run/disk/folder-files.js';
import { readConfig as readFromDisk } from '../../src/run/disk/run-folder.js';

let folder: string;
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'iwm-config-'));
});
after(() => rmSync(folder, { recursive: true }));

/** A run folder with this as its configuration. */
function runWith(name: string, text: string): string {
  const run = join(folder, name);
  mkdirSync(run);
  writeFileSync(join(run, 'config.json'), text);
  return run;
}

/** Reads a run's configuration both ways, which tell the same. */
async function assertRefused(run: string, line: RegExp): Promise<void> {
  assert.throws(() => readFromDisk(run), line);
  await assert.rejects(readAnywhere(folderFiles(run)), line);
}

test('a configuration is read from a disk and from anywhere else alike', async () => {
  const config = resolve('demo', {});
  const run = runWith('whole', JSON.stringify(config));
  assert.deepEqual(readFromDisk(run), config);
  assert.deepEqual(await readAnywhere(folderFiles(run)), config);
});

test('what another version trained is refused with its file, the key, and what to do', async () => {
  const { steps: _, ...older } = resolve('demo', {});
  await assertRefused(
    runWith('older', JSON.stringify(older)),
    /older\/config\.json: configuration key steps is missing; what another version trained is trained anew$/,
  );
});

test('a configuration that is no JSON is refused with its file', async () => {
  await assertRefused(runWith('damaged', '{"preset": "de'), /damaged\/config\.json is not valid JSON/);
});

test('a folder without a configuration is no run', async () => {
  const run = join(folder, 'empty');
  mkdirSync(run);
  await assertRefused(run, /empty is no run folder: .*config\.json is missing/);
});
