import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { openMpi } from '../../src/ranks/mpi.js';
import { loadMpi } from '../../src/ranks/mpi-library.js';
import { folderFiles } from '../../src/run/disk/folder-files.js';
import { loadModel } from '../../src/run/disk/model-file.js';
import { readConfig } from '../../src/run/disk/run-folder.js';
import { readMetrics } from '../../src/run/metrics-file.js';
import { stepConfig } from '../../src/train/step.js';
import { pretrain } from '../../src/verbs/pretrain.js';
import { layouts } from '../../src/world-model/index.js';
import { apart } from '../train/apart.js';
import { tiniest } from '../train/tiny-run.js';
import { hasMpirun, mpirun, processOf } from './mpirun.js';

const skip = hasMpirun ? false : 'no mpirun (apt install openmpi-bin), or not on Linux';
const folder = mkdtempSync(join(tmpdir(), 'iwm-mpirun-'));
after(() => rmSync(folder, { recursive: true }));

const launcher = fileURLToPath(new URL('../../bin/iwm.js', import.meta.url));
const settings = {
  ...tiniest,
  batch: 7,
  'health.images': 1,
  'health.every': 1000,
  'checkpoint.every': 2,
  'log.every': 1,
  steps: 40,
};
const command = (out: string, ...more: string[]): string[] => [
  ...[process.execPath, launcher, 'pretrain', '--preset', 'demo', '--data', 'synthetic:60', '--out', out],
  ...['--threads', '1', ...Object.entries(settings).flatMap(([key, value]) => ['--set', `${key}=${value}`])],
  ...more,
];

async function end(child: ChildProcess): Promise<{ code: number | null; stdout: string; stderr: string }> {
  let [stdout, stderr] = ['', ''];
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout, stderr };
}

/** Whether there is a process of this number. */
function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

const ours = (stderr: string): string[] => stderr.split('\n').filter((line) => line.startsWith('iwm: '));

test('a rank that is killed ends all in less than 10 s; the run goes on on three, to the weights of one process', {
  skip,
}, async () => {
  const out = join(folder, 'run');
  const child = mpirun('-n', '2', ...command(out));
  const ended = end(child);
  const logged = async (): Promise<number> => (await readMetrics(folderFiles(out))).length;
  while ((await logged()) < 3 && child.exitCode === null) await setTimeout(10);
  const victim = processOf(child, 1);
  assert.ok(victim !== undefined, 'rank 1 is at work');
  const killed = performance.now();
  process.kill(victim, 'SIGKILL');
  const { code, stderr } = await ended;
  assert.ok(performance.now() - killed < 10_000, `${performance.now() - killed} ms`);
  assert.notEqual(code, 0, stderr);
  assert.ok(!existsSync(join(out, 'model.safetensors')));

  const resumed = await end(mpirun('-n', '3', ...command(out, '--resume')));
  assert.equal(resumed.code, 0, resumed.stderr);
  assert.equal(resumed.stdout.match(/^run /gm)?.length, 1, 'one of them answers');
  const alone = join(folder, 'alone');
  const config = readConfig(out);
  await pretrain(config, { out: alone, threads: 1 });
  const [here, there] = [out, alone].map((run) => loadModel(run, layouts(stepConfig(config).model)));
  const off = apart(config, here!, there!);
  assert.ok(off < 1e-5, `off by ${off.toExponential(1)} of the change`);
});

test('a rank that is stopped ends all when the other has waited for it; a line says so', {
  skip,
}, async () => {
  const out = join(folder, 'stopped');
  const child = mpirun('-n', '2', 'env', 'IWM_WAIT_SECONDS=6', ...command(out, '--steps', '10000'));
  const ended = end(child);
  const logged = async (): Promise<number> => (await readMetrics(folderFiles(out))).length;
  while ((await logged()) < 3 && child.exitCode === null) await setTimeout(10);
  const victim = processOf(child, 1);
  assert.ok(victim !== undefined, 'rank 1 is at work');
  process.kill(victim, 'SIGSTOP');
  const { code, stderr } = await ended;
  assert.notEqual(code, 0, stderr);
  assert.deepEqual(ours(stderr), [
    'iwm: rank 0 of 2: waited 6 s for another rank, which hangs or is out of reach; --resume goes on from the last checkpoint (IWM_WAIT_SECONDS: how long to wait)',
  ]);
  // The launcher answers before it has ended the one that does not hear.
  for (let i = 0; i < 100 && isAlive(victim); i++) await setTimeout(100);
  assert.ok(!isAlive(victim));
});

test('ranks with other settings: one line that names rank, key and both values', { skip }, async () => {
  const out = join(folder, 'other');
  const [first, second] = [command(out), command(out, '--steps', '20')];
  const { code, stderr } = await end(mpirun('-n', '1', ...first, ':', '-n', '1', ...second));
  assert.notEqual(code, 0);
  assert.deepEqual(ours(stderr), [
    'iwm: rank 0 of 2: rank 1 has steps 20, rank 0 40: start all ranks with the same command, code and data',
  ]);
  assert.ok(!existsSync(out));
});

test('without its MPI a rank says what is missing, at once', async () => {
  const launch = { rank: 0, size: 2, variable: 'OMPI_COMM_WORLD_SIZE' };
  const before = process.env.IWM_MPI;
  try {
    process.env.IWM_MPI = '/nowhere/libmpi.so';
    await assert.rejects(loadMpi(launch), /^UserError: IWM_MPI: .*cannot open shared object file/);
    process.env.PMI_FD = '1000000';
    await assert.rejects(openMpi(launch), /^UserError: .*\(PMI_FD\), as npx does not: start node_modules/);
  } finally {
    delete process.env.PMI_FD;
    if (before === undefined) delete process.env.IWM_MPI;
    else process.env.IWM_MPI = before;
  }
});
