import { some } from '../words.js';
import { factsOfPaths, type PathFacts } from './path-facts.js';
import { dirname } from './path-names.js';
import type { Split } from './splits.js';
import type { Samples } from './tar-samples.js';
import { countSplits } from './told-splits.js';

/** What the folders of a tar file's images tell, as those of shards do: for each image. */
function factsOf({ samples }: Samples): PathFacts[] {
  const folders = samples.map(({ image }) => `${dirname(image.name)}/`);
  const facts = factsOfPaths([...new Set(folders)]);
  return folders.flatMap((folder) => facts.get(folder) ?? []);
}

/** How many images each split has by the folders in a tar file, as in one that was made of a folder of splits. */
export const splitsOfFolders = (samples: Samples): Map<Split, number> =>
  countSplits(factsOf(samples).map(({ split }) => split));

/** A sentence on the folders of images without labels, which would be classes, or masks, were they unpacked. */
export function foldersUnread(tars: readonly Samples[]): string[] {
  const folders = [...new Set(tars.flatMap(factsOf).map(({ configuration }) => configuration))].sort();
  if (folders.length < 2) return [];
  return [
    `folders in a tar file tell neither classes nor masks (.cls and .seg.png do): ${some(folders.map((name) => name || '.'))}; unpacked they might`,
  ];
}
