import { spawn } from 'node:child_process';

/** How `iwm` is started: a program and the arguments before the command's own. */
export type Iwm = readonly [program: string, ...before: string[]];

/** What a command printed and how it ended. */
export interface Ended {
  readonly stdout: string;
  /** The last line of what it told people. */
  readonly lastWords: string;
  readonly code: number | null;
}

/** Of what a command tells people so much is kept, characters. */
const REMEMBERED = 4000;

/**
 * Runs a command of `iwm` in a process of its own, which stops when this one is gone.
 * @param signal asks the process to stop, which ends what it is at in good order
 * @param tell each line that it tells people
 */
export function runCommand(
  [program, ...before]: Iwm,
  args: readonly string[],
  signal: AbortSignal,
  tell: (line: string) => void,
): Promise<Ended> {
  return new Promise((resolve, reject) => {
    // The channel tells it when this process is gone.
    const child = spawn(program, [...before, ...args], { stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
    const stop = (): void => void child.kill('SIGTERM');
    signal.addEventListener('abort', stop);
    if (signal.aborted) stop();
    let [stdout, told] = ['', ''];
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      told = (told + text).slice(-REMEMBERED);
      const line = told.trimEnd().split('\n').at(-1);
      if (line) tell(line);
    });
    child.on('error', reject);
    child.on('close', (code) => {
      signal.removeEventListener('abort', stop);
      resolve({ stdout, lastWords: told.trimEnd().split('\n').at(-1) ?? '', code });
    });
  });
}
