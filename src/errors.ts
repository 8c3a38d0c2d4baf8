/** A mistake in what the user gave: shown as one line on standard error, never with a stack trace. */
export class UserError extends Error {
  override name = 'UserError';
  /** @param message one line: what is wrong, where (file, row, key, option), what to do
   *  @param exitCode 2 for a wrong command line or configuration, 1 for anything else */
  constructor(
    message: string,
    readonly exitCode: 1 | 2 = 1,
  ) {
    super(message);
  }
}

/** What the system refuses, in words: these are no defects of ours. */
const refusals: ReadonlyMap<string, string> = new Map([
  ['ENOSPC', 'no space left on the disk: free some and try again'],
  ['EDQUOT', 'the disk quota is used up: free some space and try again'],
  ['EROFS', 'the file system is read-only: choose another place'],
  ['EISDIR', 'a folder, where a file is wanted: give a file'],
  ['ENOTDIR', 'leads through a file, where a folder is wanted: give a folder'],
  ['ENOENT', 'no such file or folder'],
  ['EACCES', 'permission denied: choose another place or change its permissions'],
]);

/** What the system refused, on which file and what to do, where that is the reason of `error` or of its cause. */
export function systemRefusal(error: unknown): string | undefined {
  for (let e = error; e instanceof Error; e = e.cause) {
    const { code, path } = e as NodeJS.ErrnoException;
    const sentence = refusals.get(code ?? '');
    if (sentence) return path ? `${path}: ${sentence}` : sentence;
  }
  return undefined;
}
