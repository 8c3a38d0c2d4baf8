import { UserError } from '../errors.js';
import { count, some } from '../words.js';
import { checkFactsPlace, FACTS, parseDatasetJson } from './dataset-json.js';
import { type DataFile, type Folder, filesBelow, someOf } from './folder.js';
import { labelImages } from './folder-labels.js';
import { folderMasks } from './folder-masks.js';
import { restOf } from './folder-rest.js';
import { type PlacedImage, splitImages } from './folder-splits.js';
import { imageEndings } from './image-endings.js';
import { separateMasks } from './mask-files.js';
import { basename } from './path-names.js';
import { describeSource, type Source } from './source.js';
import { chooseSplit, type Split } from './splits.js';

/** Bytes of it. */
const LONGEST = 2 ** 28;

/**
 * A folder of images: flat, or one sub-folder per class, each as deep as you like; splits are folders at any level, or told
 * by the names of all files, or by a `dataset.json`, which may also give the order of classes; masks lie in a folder beside
 * the images' (`images`, `masks`) or beside the images (`001.jpg`, `001_mask.png`). What is not used is told in its notes.
 * The order is that of the file names, whatever folders they are in: the same images flat or by class give the same training.
 * @throws UserError for a folder without images or without the split asked for
 */
export function imageFolder(whole: Folder, wanted: Split | undefined): Source {
  const { path: folder } = whole;
  const said = whole.others.find(({ name }) => name === FACTS);
  checkFactsPlace(folder, said, filesBelow(whole, 'others'));
  const facts = parseDatasetJson(said?.text(LONGEST), said?.path ?? FACTS);
  const { images: tree, groups } = separateMasks(whole);
  const placed = splitImages(tree, facts);
  const split = chooseSplit(folder, new Set(placed.images.map((image) => image.split)), wanted);
  const { images: all, classes, tables, notes } = labelImages(tree, placed.images, facts, groups.length > 0);
  const own = inOrder(all.filter((image) => split === 'all' || image.split === split));
  const rest = restOf(whole, {
    read: new Set([FACTS, ...tables.map(({ file }) => file.name)]),
    hasSplits: all.some((image) => image.split !== undefined),
  });
  if (own.length === 0) {
    const none = `${folder}: no images there (looked for ${imageEndings.join(' ')}, in sub-folders too)`;
    throw new UserError([none, ...rest].join('; '));
  }
  const isLabelled = own.some(({ label }) => label !== undefined);
  const number = new Map(classes?.map((name, place) => [name, place]));
  const masked = folderMasks(folder, groups, { own, all, split }, facts);
  return {
    description: describeSource(
      folder,
      { length: own.length, classes, split },
      { why: classes && !isLabelled ? 'its images are in no class folder' : undefined },
    ),
    notes: [...placed.notes, ...splitNotes(all, split, wanted), ...masked.notes, ...notes, ...rest],
    split,
    length: own.length,
    classes,
    labels: isLabelled ? Int32Array.from(own, ({ label }) => number.get(label ?? '') ?? -1) : undefined,
    pixels: { kind: 'files', paths: own.map(({ path }) => path) },
    ...(masked.masks && { masks: masked.masks }),
  };
}

function splitNotes(all: readonly PlacedImage[], split: Split, wanted: Split | undefined): string[] {
  const free = all.filter((image) => image.split === undefined);
  if (split !== 'all')
    return free.length === 0
      ? []
      : [`${count(free.length, 'image')} in no split, so not used: ${someOf(free)}`];
  const splits = new Set(all.flatMap((image) => image.split ?? []));
  return wanted === 'all' || splits.size === 0
    ? []
    : [`no split for training, so all are read: ${some([...splits])}`];
}

/** By the file's name, then by its folders. */
function inOrder<File extends DataFile>(files: readonly File[]): readonly File[] {
  const keyed = files.map((file) => ({ file, key: `${basename(file.name)}\0${file.name}` }));
  return keyed.sort((a, b) => (a.key < b.key ? -1 : 1)).map(({ file }) => file);
}
