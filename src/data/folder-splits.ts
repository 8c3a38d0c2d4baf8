import { UserError } from '../errors.js';
import { count } from '../words.js';
import type { DatasetFacts } from './dataset-json.js';
import { type DataFile, type Folder, holdsImages, someOf } from './folder.js';
import { isImagesFolder, subjectOf } from './folder-names.js';
import { basename, withoutEnding } from './path-names.js';
import { type Split, splitIn, splitsAmong } from './splits.js';

/** An image and where it lies. */
export interface PlacedImage extends DataFile {
  readonly split: Split | undefined;
  /** The folders that it is in, the outermost first, without those that are splits or called images. */
  readonly folders: readonly string[];
}

/** Images by split, and what is to be said of it. */
export interface SplitImages {
  readonly images: readonly PlacedImage[];
  readonly notes: readonly string[];
}

/**
 * The split of every image of a folder: that in which `dataset.json` lists it, else that of the innermost folder that is
 * a split; where no folder is one, that which the names of all files tell, else the folder's own. Where there are splits
 * but none to train on, that is what belongs to none.
 * @throws UserError for a folder of which it is not clear whether it is a split or a class, or a listed name that is
 *   nothing there
 */
export function splitImages(root: Folder, facts: DatasetFacts): SplitImages {
  const placed = placeImages(root, facts);
  if (facts.splitOf) return withTraining(listedSplits(placed, facts));
  if (placed.some(({ split }) => split !== undefined)) return withTraining(placed);
  const { images, notes } = splitsOfFiles(placed);
  return { images: images.map((image) => ({ ...image, split: image.split ?? splitIn(root.name) })), notes };
}

function placeImages(root: Folder, facts: DatasetFacts): PlacedImage[] {
  const visit = (folder: Folder, split: Split | undefined, folders: readonly string[]): PlacedImage[] => {
    const own = folder.images.map((file) => ({ ...file, split, folders }));
    const inside = folder.folders.filter(holdsImages);
    const splits = splitFolders(folder, inside, split, facts);
    const subjects = new Set([...splits.keys()].map(subjectOf));
    const told = (each: Folder): string => {
      if (facts.classes?.includes(each.name)) return each.name;
      // `cat_train` beside `dog_train` is a class too.
      if (splits.has(each.name)) return subjects.size > 1 ? subjectOf(each.name) : '';
      const isListed = facts.lists?.(each.prefix) && each.images.length === 0;
      return isListed || isImagesFolder(each.name) ? '' : each.name;
    };
    const below = inside.flatMap((each) =>
      visit(
        each,
        splits.get(each.name) ?? split,
        [...folders, told(each)].filter((name) => name !== ''),
      ),
    );
    return [...own, ...below];
  };
  return visit(root, undefined, []);
}

/** Which of the folders inside one are splits. @param split that which it is in */
function splitFolders(
  { name: own, path }: Folder,
  inside: readonly Folder[],
  split: Split | undefined,
  facts: DatasetFacts,
): ReadonlyMap<string, Split> {
  const names = inside.map(({ name }) => name).filter((name) => !facts.classes?.includes(name));
  const splits = new Map(splitsAmong(names));
  // What says nothing but its split needs no counterpart: `train_images`.
  for (const name of names) {
    const told = splitIn(name);
    if (told !== undefined && subjectOf(name) === '') splits.set(name, told);
  }
  const isEvery = splits.size === inside.length;
  const distinct = new Set(splits.values()).size;
  const none = new Map<string, Split>();
  // In a split there is another only among splits: `valid` beside `invalid` is a class there.
  if (split !== undefined) return isEvery && distinct > 1 ? splits : none;
  const isFlat = inside.every(({ folders }) => !folders.some(holdsImages));
  if (isEvery || distinct !== 1 || !isFlat || facts.splitOf) return splits;
  if (splitIn(own) !== undefined) return none;
  const [name, told] = [...splits][0] as [string, Split];
  const other = names.find((each) => !splits.has(each));
  throw new UserError(
    `${path}: is ${name} a split or, like ${other} beside it, a class? Say so in dataset.json: {"splits": {"${told}": ["${name}"]}} or {"classes": ["${other}", "${name}", …]}`,
  );
}

function listedSplits(placed: readonly PlacedImage[], { splitOf, checkListed }: DatasetFacts): PlacedImage[] {
  // A name may leave out the folders that say nothing: `0001` for `images/0001.jpg`.
  const short = ({ name, folders }: PlacedImage): string => [...folders, basename(name)].join('/');
  checkListed?.(placed.flatMap((image) => [image.name, short(image)]));
  return placed.map((image) => ({ ...image, split: splitOf?.(image.name) ?? splitOf?.(short(image)) }));
}

function splitsOfFiles(placed: readonly PlacedImage[]): SplitImages {
  const stem = ({ name }: PlacedImage): string => withoutEnding(basename(name));
  const splits = splitsAmong(placed.map(stem));
  if (new Set(splits.values()).size < 2) return { images: placed, notes: [] };
  const silent = placed.filter((image) => !splits.has(stem(image)));
  if (silent.length === 0)
    return withTraining(placed.map((image) => ({ ...image, split: splits.get(stem(image)) })));
  const note = `some names of files tell a split, but ${count(silent.length, 'image')} do not, so none is taken for one (${someOf(silent)}); dataset.json can list splits`;
  return { images: placed, notes: [note] };
}

/** What belongs to no split is there to train on where nothing else is. */
function withTraining(placed: readonly PlacedImage[]): SplitImages {
  const free = placed.filter(({ split }) => split === undefined);
  const isNeeded = free.length < placed.length && placed.every(({ split }) => split !== 'train');
  if (free.length === 0 || !isNeeded) return { images: placed, notes: [] };
  return {
    images: placed.map((image) => ({ ...image, split: image.split ?? 'train' })),
    notes: [`${count(free.length, 'image')} in no split, so taken for training: ${someOf(free)}`],
  };
}
