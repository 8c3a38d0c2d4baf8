import { UserError } from '../errors.js';
import { some } from '../words.js';
import { factsOfPaths, type PathFacts } from './path-facts.js';
import { dirname } from './path-names.js';
import type { Samples } from './tar-samples.js';

/** What the folders of a tar file's images tell, as those of shards do: each folder once. */
const factsOf = ({ samples }: Samples): PathFacts[] => [
  ...factsOfPaths([...new Set(samples.map(({ image }) => `${dirname(image.name)}/`))]).values(),
];

/**
 * Refuses a tar file that was made of a folder of splits: all of it would be trained on.
 * @throws UserError
 */
export function checkOneSplit(samples: Samples): void {
  const splits = [...new Set(factsOf(samples).flatMap(({ split }) => split ?? []))];
  if (splits.length < 2) return;
  throw new UserError(
    `${samples.path}: its folders are splits (${splits.join(', ')}), but a tar file is one; give it unpacked, or pack each split by itself`,
  );
}

/** A sentence on the folders of images without labels, which would be classes, or masks, were they unpacked. */
export function foldersUnread(tars: readonly Samples[]): string[] {
  const folders = [...new Set(tars.flatMap(factsOf).map(({ configuration }) => configuration))].sort();
  if (folders.length < 2) return [];
  return [
    `folders in a tar file tell neither classes nor masks (.cls and .seg.png do): ${some(folders.map((name) => name || '.'))}; unpacked they might`,
  ];
}
