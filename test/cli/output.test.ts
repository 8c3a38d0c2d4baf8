import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createOutput } from '../../src/cli/output.js';

/** An output whose clock stands still until `pass(milliseconds)`, and what it has written so far. */
function record(options: { json?: boolean; terminal?: boolean }) {
  const written = { stdout: '', stderr: '' };
  let time = 0;
  const output = createOutput({
    json: options.json ?? false,
    stdout: {
      write: (text) => {
        written.stdout += text;
      },
    },
    stderr: {
      isTTY: options.terminal ?? false,
      columns: 20,
      write: (text) => {
        written.stderr += text;
      },
    },
    now: () => time,
  });
  const pass = (milliseconds: number) => {
    time += milliseconds;
  };
  return { output, written, pass };
}

test('with --json the document alone is on standard output', () => {
  const { output, written } = record({ json: true });
  output.progress('step 1');
  output.note('looks healthy');
  output.result({ loss: 0.5 }, 'loss .5');
  assert.deepEqual(JSON.parse(written.stdout), { loss: 0.5 });
  assert.equal(written.stderr, 'step 1\nlooks healthy\n');
});

test('without --json the text is', () => {
  const { output, written } = record({});
  output.result({ loss: 0.5 }, 'loss .5');
  assert.deepEqual(written, { stdout: 'loss .5\n', stderr: '' });
});

test('without a terminal progress is a line every five seconds, and the last one', () => {
  const { output, written, pass } = record({});
  for (let step = 0; step <= 12; step++) {
    output.progress(`step ${step}`);
    pass(1000);
  }
  assert.equal(written.stderr, 'step 0\nstep 5\nstep 10\n');
  output.result({}, 'done');
  assert.equal(written.stderr, 'step 0\nstep 5\nstep 10\nstep 12\n');
});

test('on a terminal one line is rewritten, cut to the width, and ended before anything else', () => {
  const { output, written, pass } = record({ terminal: true });
  output.progress('step 1');
  pass(200);
  output.progress('step 2, and a line that is too long');
  pass(10);
  output.progress('step 3');
  output.note('looks healthy');
  assert.equal(written.stderr, '\r\x1b[Kstep 1\r\x1b[Kstep 2, and a line \r\x1b[Kstep 3\nlooks healthy\n');
});
