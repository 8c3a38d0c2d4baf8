import type { FailedFile } from '../adapt/model/file-answers.js';
import { UserError } from '../errors.js';
import type { Output } from './output.js';

/** Says after the answers which files have none, and why. @throws UserError where there are such */
export function tellFailed(failed: readonly FailedFile[], output: Output): void {
  if (failed.length === 0) return;
  for (const { error } of failed) output.note(error);
  throw new UserError(
    `no answer for ${failed.length === 1 ? 'one image' : `${failed.length} images`}, see above`,
  );
}
