import { type DataFile, type Folder, filesBelow, holdsImages } from './folder.js';
import { saysImages, saysMasks, subjectOf } from './folder-names.js';
import { basename, withoutEnding } from './path-names.js';
import { splitIn } from './splits.js';

/** Masks that lie in one place, and the images that they may belong to. */
export interface MaskGroup {
  /** The folder of the masks. */
  readonly folder: Folder;
  readonly masks: readonly DataFile[];
  readonly images: readonly GroupImage[];
  /** What is said of where they are: their folder, or they themselves where they lie among images. */
  readonly places: readonly string[];
}

/** An image that may have a mask. */
export interface GroupImage extends DataFile {
  /** What its mask may be called, below the folder of masks and without the ending. */
  readonly maskNames: readonly string[];
}

const delimited = (words: string): RegExp => new RegExp(`(?:^|[\\W_])(?:${words})(?=$|[\\W_])`, 'gi');
const maskAffix = delimited(
  'gt(?:fine|coarse)|label(?:train)?ids|ground[ _-]?truth|masks?|labels?|annotations?|annot|segmentations?|seg|gt|trimaps?',
);
const imageAffix = delimited('leftimg8bit|images?|imgs?');

/** The name of a file without folders and ending. */
export const stem = ({ name }: DataFile): string => withoutEnding(basename(name));

/** What the name of a file says beside being an image or a mask: `001` in `001_mask`, `img-001`, `001_gtFine_labelIds`. */
export const thing = (stem: string): string =>
  stem
    .replace(maskAffix, '')
    .replace(imageAffix, '')
    .replace(/^[\W_]+|[\W_]+$/g, '')
    .toLowerCase();

/**
 * Parts images from masks. Masks are the files of a folder that is called so beside one of images (`images`, `masks`;
 * `train`, `train_masks`; `JPEGImages`, `SegmentationClass`), and files that are called so beside an image (`001.jpg`,
 * `001_mask.png`). Where neither `images` nor a split is said, a file in each must be called alike: else both are classes.
 * @returns the folder without the masks, and these
 */
export function separateMasks(folder: Folder): { images: Folder; groups: readonly MaskGroup[] } {
  const parts = folder.folders.map((each) => ({ whole: each, ...separateMasks(each) }));
  const beside = masksBeside(folder.images);
  const masks = [...beside];
  const own = { ...folder, images: folder.images.filter((file) => !beside.has(file)) };
  const siblings = parts.map(({ images }) => images);
  const ofFolders = parts.flatMap(({ whole }): MaskGroup[] => {
    const images = imagesOf(whole, siblings, own);
    const places = [whole.prefix];
    return images.length === 0 ? [] : [{ folder: whole, masks: filesBelow(whole, 'images'), images, places }];
  });
  const masked = new Set(ofFolders.map((group) => group.folder));
  const kept = parts.filter(({ whole }) => !masked.has(whole));
  return {
    images: { ...own, folders: kept.map(({ images }) => images) },
    groups: [
      ...(masks.length > 0
        ? [{ folder, masks, images: inFolders(own.images, folder), places: masks.map(({ name }) => name) }]
        : []),
      ...ofFolders,
      ...kept.flatMap(({ groups }) => groups),
    ],
  };
}

/** Of the files of one folder those that are called like another one's mask. */
function masksBeside(files: readonly DataFile[]): ReadonlySet<DataFile> {
  const marked = files.filter((file) => stem(file).search(maskAffix) >= 0);
  if (marked.length === 0 || marked.length === files.length) return new Set();
  const things = new Set(
    files
      .map(stem)
      .filter((name) => name.search(maskAffix) < 0)
      .map(thing),
  );
  const before = (name: string): string[] =>
    [...name.matchAll(maskAffix)].map(({ index }) => name.slice(0, index));
  return new Set(
    marked.filter((file) => [stem(file), ...before(stem(file))].some((name) => things.has(thing(name)))),
  );
}

/** The images that a folder's files may be masks of; none where they are no masks. */
function imagesOf(masks: Folder, siblings: readonly Folder[], parent: Folder): GroupImage[] {
  if (!saysMasks(masks.name) || !holdsImages(masks)) return [];
  const [split, subject] = [splitIn(masks.name), subjectOf(masks.name)];
  const things = new Set(filesBelow(masks, 'images').map((file) => thing(stem(file))));
  const agrees = (files: readonly DataFile[]): boolean => files.some((file) => things.has(thing(stem(file))));
  const others = siblings.flatMap((folder) => {
    const own = splitIn(folder.name);
    const images = filesBelow(folder, 'images');
    const isFit = !saysMasks(folder.name) && images.length > 0 && (own ?? split) === (split ?? own);
    if (!isFit) return [];
    const says = saysImages(folder.name);
    const isSame = subjectOf(folder.name) === subject;
    const isNamed = isSame && (says || (split !== undefined && own === split));
    return isNamed || ((isSame || says) && agrees(images)) ? [{ folder, images, isSame }] : [];
  });
  // `lung masks` belong to `images` only where there are no `lung images`.
  const partners = others.filter(({ isSame }) => isSame || !others.some((each) => each.isSame));
  const beside = subject === '' && agrees(parent.images) ? parent.images : [];
  return [
    ...inFolders(beside, parent),
    ...partners.flatMap(({ folder, images }) => inFolders(images, folder, parent)),
  ];
}

/** A file's path below a folder, without its ending. */
export const nameIn = ({ prefix }: Folder, { name }: DataFile): string =>
  withoutEnding(name.slice(prefix.length));

function inFolders(files: readonly DataFile[], ...folders: readonly Folder[]): GroupImage[] {
  return files.map((file) => ({ ...file, maskNames: folders.map((folder) => nameIn(folder, file)) }));
}
