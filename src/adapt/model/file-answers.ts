import { UserError } from '../../errors.js';
import type { Log } from '../../log.js';

/** An image file that cannot be read. */
export interface FailedFile {
  readonly image: string;
  /** Its name and why, a line. */
  readonly error: string;
}

/** What was answered of image files, and those that cannot be read. */
export interface FileAnswers<Answer> {
  readonly images: readonly Answer[];
  readonly failed: readonly FailedFile[];
}

/**
 * Reads image files, so many `together`, fewer at the end; one that cannot be read costs only its own answers.
 * @param failed is told of each that cannot be read
 * @throws UserError in the end, where not one could be read
 */
export async function* readFiles<Read>(
  paths: readonly string[],
  { together, log, failed }: { together: number; log: Log; failed: FailedFile[] },
  read: (path: string) => Promise<Read>,
): AsyncGenerator<readonly { readonly path: string; readonly read: Read }[]> {
  let group: { path: string; read: Read }[] = [];
  for (const [i, path] of paths.entries()) {
    if (i > 0) log.progress(`${i} of ${paths.length} images`);
    try {
      group.push({ path, read: await read(path) });
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      failed.push({ image: path, error: error.message });
    }
    if (group.length < together) continue;
    yield group;
    group = [];
  }
  if (group.length > 0) yield group;
  const [first] = failed;
  if (first === undefined || failed.length < paths.length) return;
  const others = failed.length > 1 ? `; nor can the other ${failed.length - 1}` : '';
  throw new UserError(first.error + others);
}
