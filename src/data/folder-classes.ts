import type { PlacedImage } from './folder-splits.js';
import { type Split, splitIn } from './splits.js';

/**
 * The folder that is the class of each image: the outermost that differ. One that holds everything is looked through, and so
 * is one that holds a whole split and is none of the classes of another (`train/cat`, `val/all`).
 * @param known names that are classes for certain
 * @returns undefined for an image in no such folder; for all, where there are fewer than two
 */
export function findClasses(
  images: readonly PlacedImage[],
  known: readonly string[],
): readonly (string | undefined)[] {
  const groups = [...new Set(images.map(({ split }) => split))];
  // Beside splits, what belongs to none says nothing of the classes.
  const voters = groups.length > 1 ? groups.filter((split) => split !== undefined) : groups;
  const depth = new Map<Split | undefined, number>();
  const folderOf = ({ split, folders }: PlacedImage, below = 0): string | undefined =>
    folders[(depth.get(split) ?? 0) + below];
  const foldersOf = (split: Split | undefined, below = 0): Set<string | undefined> =>
    new Set(
      images
        .filter((image) => image.split === split && folderOf(image))
        .map((image) => folderOf(image, below)),
    );
  for (;;) {
    const folders = new Map(voters.map((split) => [split, foldersOf(split) as ReadonlySet<string>]));
    const passed = lookedThrough(folders, known, (split) => !foldersOf(split, 1).has(undefined));
    if (passed.length === 0) break;
    for (const split of passed) depth.set(split, (depth.get(split) ?? 0) + 1);
  }
  const classes = new Set(voters.flatMap((split) => [...foldersOf(split)]));
  if (classes.size < 2 && !known.some((name) => classes.has(name))) return images.map(() => undefined);
  return images.map((image) => {
    const folder = folderOf(image);
    return classes.has(folder) ? folder : undefined;
  });
}

/** The splits whose outermost folder is no class. @param isDeep whether all images of a split's lie in a further one */
function lookedThrough(
  folders: ReadonlyMap<Split | undefined, ReadonlySet<string>>,
  known: readonly string[],
  isDeep: (split: Split | undefined) => boolean,
): (Split | undefined)[] {
  const all = new Set([...folders.values()].flatMap((names) => [...names]));
  if (all.size === 0 || known.some((name) => all.has(name))) return [];
  const single = [...folders].flatMap(([split, [name, other]]) =>
    name !== undefined && other === undefined ? [{ split, name }] : [],
  );
  const splits = single.map(({ split }) => split);
  if (all.size === 1) return splits;
  const classes = new Set([...folders.values()].flatMap((names) => (names.size > 1 ? [...names] : [])));
  if (classes.size > 0) return single.flatMap(({ split, name }) => (classes.has(name) ? [] : [split]));
  const repeated = single.flatMap(({ split, name }) => (splitIn(name) === split ? [split] : []));
  return repeated.length > 0 ? repeated : splits.every(isDeep) ? splits : [];
}
