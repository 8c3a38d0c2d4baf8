import { commands } from './commands.js';
import { explainFailure } from './failure.js';
import { createProgram } from './program.js';

/** Prints the one line that explains a failure and ends the process with its exit code. */
function end(error: unknown): void {
  const { exitCode, message } = explainFailure(error);
  process.exitCode = exitCode;
  if (exitCode === 0) return;
  // On a terminal a progress line may stand there unfinished.
  const start = process.stderr.isTTY ? '\r\x1b[K' : '';
  const stack = process.env.IWM_DEBUG === '1' && error instanceof Error ? `${error.stack}\n` : '';
  const text = message ? `${start}iwm: ${message}\n${stack}` : '';
  // A failed command may have left workers or sessions behind that would keep the process alive.
  process.stderr.write(text, () => process.exit(exitCode));
}

// A reader that has gone away (`iwm … | head`) is no failure, and no reason to stop a run.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') end(error);
  });
}
process.on('uncaughtException', end);

createProgram(commands).parseAsync(process.argv).catch(end);
