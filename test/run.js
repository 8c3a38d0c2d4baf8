// Runs the test files named on the command line, or all of them: `node --test` itself expands
// patterns only from Node 21 on, and finds TypeScript by itself only later still.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

const named = process.argv.slice(2);
const all = readdirSync('test', { recursive: true })
  .filter((file) => file.endsWith('.test.ts'))
  .sort()
  .map((file) => join('test', file));

const files = named.length > 0 ? named : all;
const { status } = spawnSync(process.execPath, ['--import', 'tsx', '--test', ...files], { stdio: 'inherit' });
process.exitCode = status ?? 1;
