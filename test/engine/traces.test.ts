import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';

const folder = mkdtempSync(join(tmpdir(), 'iwm-traces-'));
after(() => rmSync(folder, { recursive: true }));

test('the runtime leaves nothing on the disk, neither a log nor an identity', () => {
  const [engine, tensor] = ['create-engine', '../tensor/index'].map((name) =>
    JSON.stringify(new URL(`../../src/engine/${name}.ts`, import.meta.url).href),
  );
  const script = `
    import { createEngine } from ${engine};
    import * as t from ${tensor};
    const engine = createEngine({ threads: 1 });
    const twice = await engine.compile(t.trace('twice', { x: t.spec([1]) }, ({ x }) => ({ y: t.mul(x, 2) })));
    console.log((await (await twice.run({ x: [4] })).y.read())[0]);
    engine.dispose();`;
  const places = ['TMPDIR', 'TEMP', 'TMP', 'HOME', 'USERPROFILE', 'LOCALAPPDATA', 'XDG_CACHE_HOME'];
  mkdirSync(join(folder, 'cwd'));
  const set = Object.fromEntries(places.map((name) => [name, folder]));
  // What keeps the runtime quiet in tests of others must not be what keeps it quiet here.
  const { CI, ORT_DISABLE_TELEMETRY, ORT_RUNNING_UNIT_TESTS, ...env } = process.env;
  const loader = import.meta.resolve('tsx');
  const { stdout, stderr } = spawnSync(
    process.execPath,
    ['--import', loader, '--input-type=module', '--eval', script],
    { cwd: join(folder, 'cwd'), encoding: 'utf8', env: { ...env, ...set } },
  );
  assert.equal(stdout.trim(), '8', stderr);
  // tsx keeps what it has compiled.
  const left = readdirSync(folder, { recursive: true }).filter((name) => !String(name).startsWith('tsx-'));
  assert.deepEqual(left, ['cwd']);
});
