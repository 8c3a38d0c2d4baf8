import { launched } from '../ranks/launcher.js';
import { WARNING } from '../warning.js';
import { commands } from './commands.js';
import { endWithParent } from './end-with-parent.js';
import { explainFailure } from './failure.js';
import { createProgram } from './program.js';

/** On a terminal a progress line may stand there unfinished. */
function lineStart(): string {
  return process.stderr.isTTY ? '\r\x1b[K' : '';
}

/** Milliseconds in which another rank leaves it to rank 0 to say what is wrong. */
const AFTER_RANK_0 = 2000;

/** Prints the one line that explains a failure and ends the process with its exit code. */
function end(error: unknown): void {
  const { exitCode, message } = explainFailure(error, process.argv.slice(2));
  process.exitCode = exitCode;
  if (exitCode === 0) return;
  const stack = process.env.IWM_DEBUG === '1' && error instanceof Error ? `${error.stack}\n` : '';
  const launch = launched();
  const who = launch === undefined ? 'iwm' : `iwm: rank ${launch.rank} of ${launch.size}`;
  const text = message ? `${lineStart()}${who}: ${message}\n${stack}` : '';
  // A failed command may have left workers or sessions behind that would keep the process alive.
  const say = (): unknown => process.stderr.write(text, () => process.exit(exitCode));
  // What all ranks fail by, rank 0 says, and ends the others with that.
  if (launch === undefined || launch.rank === 0) say();
  else setTimeout(say, AFTER_RANK_0);
}

// A reader that has gone away (`iwm … | head`) is no failure, and no reason to stop a run.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') end(error);
  });
}
process.on('uncaughtException', end);
// Node's own listener would add its process number and a hint on its options.
process.removeAllListeners('warning');
process.on('warning', ({ name, message }) => {
  if (name === WARNING) process.stderr.write(`${lineStart()}iwm: ${message}\n`);
});

endWithParent();
createProgram(commands).parseAsync(process.argv).catch(end);
