import { count, some } from '../words.js';
import { type DataFile, type Folder, filesBelow, holdsImages, someOf } from './folder.js';
import { basename, extname, withoutEnding } from './path-names.js';
import { splitsAmong } from './splits.js';

/**
 * What lies in a folder and is not read, in words: folders without images, files that are none.
 * @param read names of the files that are read though they are no images
 * @param hasSplits whether it is known which images are to train on
 */
export function restOf(
  root: Folder,
  { read, hasSplits }: { readonly read: ReadonlySet<string>; readonly hasSplits: boolean },
): string[] {
  const empty = emptyFolders(root).map(({ prefix }) => prefix);
  const undecoded = filesBelow(root, 'undecoded');
  const others = filesBelow(root, 'others').filter(({ name }) => !read.has(name));
  const lists = hasSplits ? [] : others.filter(isListOfSplit);
  return [
    ...(undecoded.length > 0
      ? [`${count(undecoded.length, 'image')} of a kind that cannot be decoded: ${someOf(undecoded)}`]
      : []),
    ...(others.length > 0 ? [`${count(others.length, 'other file')} not read: ${kindsOf(others)}`] : []),
    ...(empty.length > 0 ? [`${count(empty.length, 'folder')} without images: ${some(empty)}`] : []),
    ...(lists.length > 0
      ? [
          `${someOf(lists)} may list a split; it is not read, but dataset.json can name the images of each split`,
        ]
      : []),
  ];
}

function emptyFolders(folder: Folder): Folder[] {
  return folder.folders.flatMap((each) => (holdsImages(each) ? emptyFolders(each) : [each]));
}

const isListOfSplit = ({ name }: DataFile): boolean =>
  /\.(?:txt|csv|lst)$/i.test(name) && splitsAmong([withoutEnding(basename(name))]).size > 0;

/** Names where these are few, else how many there are of each kind: `17,125 .xml, 3 .txt`. */
function kindsOf(files: readonly DataFile[]): string {
  if (files.length <= 3) return someOf(files);
  const counts = new Map<string, number>();
  for (const { name } of files) {
    const kind = extname(name).toLowerCase() || basename(name);
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  const kinds = [...counts].sort(([, a], [, b]) => b - a);
  return some(
    kinds.map(([kind, number]) => `${number.toLocaleString('en-US')} ${kind}`),
    5,
  );
}
