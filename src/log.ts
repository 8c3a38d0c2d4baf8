/** Where a long task says how far it is; see the command line's output. */
export interface Log {
  progress(line: string): void;
  note(text: string): void;
}

/** A log that nobody reads. */
export const quiet: Log = { progress: () => {}, note: () => {} };
