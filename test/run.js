// Runs the test files named on the command line, or all of them: `node --test` itself expands
// patterns only from Node 21 on, and finds TypeScript by itself only later still.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';

const named = process.argv.slice(2);
const all = readdirSync('test', { recursive: true })
  .filter((file) => file.endsWith('.test.ts'))
  .sort()
  .map((file) => join('test', file));

const files = named.length > 0 ? named : all;
// By itself it leaves a core idle: of two, half of them.
const together = `--test-concurrency=${availableParallelism()}`;
const { status } = spawnSync(process.execPath, ['--import', 'tsx', '--test', together, ...files], {
  stdio: 'inherit',
});
process.exitCode = status ?? 1;
