import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { UserError } from '../../src/errors.js';
import { lockRun } from '../../src/run/disk/run-lock.js';

const folder = mkdtempSync(join(tmpdir(), 'iwm-lock-'));
after(() => rmSync(folder, { recursive: true }));

const inUse =
  (says: RegExp) =>
  (error: unknown): boolean =>
    error instanceof UserError && /is in use by/.test(error.message) && says.test(error.message);

test('a folder is held until it is given back; a folder that stayed empty goes away again', () => {
  const run = join(folder, 'a', 'run');
  const release = lockRun(run);
  assert.equal(readdirSync(run).length, 1);
  assert.throws(() => lockRun(run), inUse(/this very process/));
  release();
  assert.ok(!existsSync(run));
  const again = lockRun(run);
  writeFileSync(join(run, 'config.json'), '{}');
  again();
  assert.deepEqual(readdirSync(run), ['config.json']);
  assert.throws(() => lockRun(join(run, 'config.json')), /is a file/);
});

test('another process is kept out, and out of the way at once when it is killed', async () => {
  const run = join(folder, 'taken');
  const code = `import { lockRun } from ${JSON.stringify(import.meta.resolve('../../src/run/disk/run-lock.ts'))};
    lockRun(${JSON.stringify(run)}); console.log('held'); setInterval(() => {}, 1000);`;
  const holder = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', code]);
  const ended = once(holder, 'exit');
  try {
    await once(holder.stdout, 'data');
    assert.throws(() => lockRun(run), inUse(new RegExp(`process ${holder.pid};`)));
    assert.throws(() => lockRun(run), inUse(/choose another --out/));
    assert.equal(readdirSync(run).length, 1, 'who was kept out leaves nothing');
  } finally {
    holder.kill('SIGKILL');
    await ended;
  }
  lockRun(run)();
  assert.deepEqual(readdirSync(run), []);
});

test('a claim of the same number but another start is a dead one; one of another machine counts', () => {
  const run = join(folder, 'renumbered');
  const release = lockRun(run);
  const [own = ''] = readdirSync(run);
  release();
  const place = mkdtempSync(join(folder, 'claims-'));
  const [, host = ''] = /^process-\d+-[^-]+-(.*)\.lock$/.exec(own) ?? [];
  writeFileSync(join(place, `process-${process.ppid}-1-${host}.lock`), '');
  lockRun(place)();
  assert.deepEqual(readdirSync(place), []);

  const elsewhere = `process-${process.pid}-1-another-machine.lock`;
  writeFileSync(join(place, elsewhere), '');
  assert.throws(
    () => lockRun(place),
    inUse(new RegExp(`on another-machine; if that one has ended, remove .*${elsewhere}`)),
  );
  assert.deepEqual(readdirSync(place), [elsewhere]);
});
