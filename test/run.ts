// Runs the test files named on the command line, or all of them: `node --test` itself finds TypeScript only in later
// releases, leaves a core idle, and begins with the names that come first, whatever they take.
import { readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { run } from 'node:test';
import { spec, tap } from 'node:test/reporters';

/** What takes far longer than any other file (it compiles training steps with XLA): begun last it keeps one core busy alone. */
const longest = join('test', 'train', 'trainer.test.ts');

const named = process.argv.slice(2);
const all = readdirSync('test', { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.test.ts'))
  .map((file) => join('test', file))
  .sort((a, b) => Number(b === longest) - Number(a === longest) || a.localeCompare(b));

const events = run({ files: named.length > 0 ? named : all, concurrency: availableParallelism() });
events.on('test:fail', () => {
  process.exitCode = 1;
});
// As `node --test` reports by itself.
if (process.stdout.isTTY) events.compose(new spec()).pipe(process.stdout);
else events.compose(tap).pipe(process.stdout);
