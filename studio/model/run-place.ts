import { type RunSource, runAt, runOf, storedRun } from 'image-world-models/web';

/** Where a run's files are: at a URL, in the browser's own storage under a name, or what a person chose or dropped. */
export type RunPlace =
  | { readonly at: string }
  | { readonly stored: string }
  | { readonly files: readonly File[] };

/** A run's files. @throws UserError where files that were chosen are no run's */
export function sourceOf(place: RunPlace): RunSource {
  if ('at' in place) return runAt(place.at);
  return 'stored' in place ? storedRun(place.stored) : runOf(place.files);
}
