/** Milliseconds between two progress lines: redrawn on a terminal, one below the other elsewhere. */
const terminalInterval = 100;
const plainInterval = 5000;

/** Where a command writes. Answers go to standard output, all else to standard error. */
export interface Output {
  /**
   * Says how far the work is. On a terminal the line replaces the last one; elsewhere a line is printed
   * every 5 seconds. Lines that come faster are dropped, but not the last one before a note or the result.
   */
  progress(line: string): void;
  /** Prints one or more lines that stay: an estimate, a health panel, a warning. */
  note(text: string): void;
  /** Prints what the command answers: the document with `--json`, else the text. Once per command. */
  result(document: unknown, text: string): void;
}

/** Says nothing. */
export const silent: Output = { progress: () => {}, note: () => {}, result: () => {} };

/** The part of a writable stream that output needs; `columns` is a terminal's width. */
export interface OutputStream {
  write(text: string): unknown;
  isTTY?: boolean;
  columns?: number;
}

/**
 * @param options.json what `--json` says
 * @param options.stdout where the answer goes, and `stderr` the progress: the process's own by default
 * @param options.now a clock in milliseconds
 */
export function createOutput({
  json = false,
  stdout = process.stdout as OutputStream,
  stderr = process.stderr as OutputStream,
  now = Date.now,
} = {}): Output {
  const interval = stderr.isTTY ? terminalInterval : plainInterval;
  let printedAt = -Infinity;
  let held: string | undefined;
  let unfinished = false;

  function print(line: string): void {
    held = undefined;
    printedAt = now();
    if (!stderr.isTTY) {
      stderr.write(`${line}\n`);
      return;
    }
    // A line wider than the terminal would wrap, and only its last row would be replaced.
    stderr.write(`\r\x1b[K${line.slice(0, (stderr.columns ?? 80) - 1)}`);
    unfinished = true;
  }

  function finishProgress(): void {
    if (held !== undefined) print(held);
    if (unfinished) stderr.write('\n');
    unfinished = false;
  }

  return {
    progress(line) {
      if (now() - printedAt >= interval) print(line);
      else held = line;
    },
    note(text) {
      finishProgress();
      stderr.write(`${text}\n`);
    },
    result(document, text) {
      finishProgress();
      stdout.write(`${json ? JSON.stringify(document, null, 2) : text}\n`);
    },
  };
}
