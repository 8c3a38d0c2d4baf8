import { posix } from 'node:path';
import { UserError } from '../errors.js';
import { count } from '../words.js';
import { readDatasetJson } from './dataset-json.js';
import { imageEndings } from './encoded-image.js';
import { type DataFile, readFolder, someOf } from './folder.js';
import { labelImages } from './folder-labels.js';
import { folderMasks } from './folder-masks.js';
import { restOf } from './folder-rest.js';
import { splitImages } from './folder-splits.js';
import { separateMasks } from './mask-files.js';
import { describeSource, type Source } from './source.js';
import { chooseSplit, type Split } from './splits.js';

/**
 * A folder of images: flat, or one sub-folder per class, each as deep as you like; splits are folders at any level, or told
 * by the names of all files, or by a `dataset.json`, which may also give the order of classes; masks lie in a folder beside
 * the images' (`images`, `masks`) or beside the images (`001.jpg`, `001_mask.png`). What is not used is told in its notes.
 * The order is that of the file names, whatever folders they are in: the same images flat or by class give the same training.
 * @throws UserError for a folder without images or without the split asked for
 */
export function imageFolder(folder: string, wanted: Split | undefined): Source {
  const facts = readDatasetJson(folder);
  const whole = readFolder(folder);
  const { images: tree, groups } = separateMasks(whole);
  const placed = splitImages(tree, facts);
  const split = chooseSplit(folder, new Set(placed.images.map((image) => image.split)), wanted);
  const { images: all, classes, tables, notes } = labelImages(tree, placed.images, facts, groups.length > 0);
  const own = inOrder(all.filter((image) => split === 'all' || image.split === split));
  const read = new Set(['dataset.json', ...tables.map(({ file }) => file.name)]);
  const rest = restOf(
    whole,
    read,
    all.some((image) => image.split !== undefined),
  );
  if (own.length === 0)
    throw new UserError(
      [`${folder}: no images there (looked for ${imageEndings.join(' ')}, in sub-folders too)`, ...rest].join(
        '; ',
      ),
    );
  const number = new Map(classes?.map((name, place) => [name, place]));
  const masked = folderMasks(folder, groups, { own, all, split }, facts);
  const free = split === 'all' ? [] : all.filter((image) => image.split === undefined);
  return {
    description: describeSource(folder, { length: own.length, classes, split }),
    notes: [
      ...placed.notes,
      ...(free.length > 0
        ? [`${count(free.length, 'image')} in no split, so not used: ${someOf(free)}`]
        : []),
      ...masked.notes,
      ...(facts.ignored !== undefined && groups.length === 0
        ? ['dataset.json says which class of masks is ignored, but there are no masks']
        : []),
      ...notes,
      ...rest,
    ],
    split,
    length: own.length,
    classes,
    labels: classes && Int32Array.from(own, ({ label }) => number.get(label ?? '') ?? -1),
    pixels: { kind: 'files', paths: own.map(({ path }) => path) },
    ...(masked.masks && { masks: masked.masks }),
  };
}

/** By the file's name, then by its folders. */
function inOrder<File extends DataFile>(files: readonly File[]): readonly File[] {
  const keyed = files.map((file) => ({ file, key: `${posix.basename(file.name)}\0${file.name}` }));
  return keyed.sort((a, b) => (a.key < b.key ? -1 : 1)).map(({ file }) => file);
}
