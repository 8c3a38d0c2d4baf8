import { basename, relative } from 'node:path';
import { UserError } from '../errors.js';
import { type DatasetFacts, readDatasetJson } from './dataset-json.js';
import { imageEndings } from './encoded-image.js';
import { type Entry, filesIn, list } from './folder.js';
import { readSegmentationFolder } from './segmentation-folder.js';
import { describeSource, type Source } from './source.js';
import { chooseSplit, type Split, splitIn } from './splits.js';

/** The sub-folders that are splits; a single such name beside others is a class. */
function splitFolders(folders: readonly Entry[]): Entry[] {
  const named = folders.filter(({ name }) => splitIn(name) !== undefined);
  const distinct = new Set(named.map(({ name }) => splitIn(name)));
  return named.length === folders.length || distinct.size > 1 ? named : [];
}

/** An image, and the sub-folder that is its class. */
interface Found {
  readonly path: string;
  readonly split: Split | undefined;
  readonly folder: string | undefined;
}

/**
 * A folder of images: flat, or one sub-folder per class, each as deep as you like; either may lie in `train`,
 * `validation`/`val`, `test`. Of a folder for segmentation (`images`, `annotations`), the images, with their masks. A
 * `dataset.json` in it may give order of classes and splits. Images beside class folders make it unlabelled. The order
 * is that of the file names, whatever folders they are in: the same images flat or by class give the same training.
 * @throws UserError for a folder without images or without the split asked for
 */
export function imageFolder(folder: string, wanted: Split | undefined): Source {
  const facts = readDatasetJson(folder);
  const segmentation = readSegmentationFolder(folder, facts, wanted);
  if (segmentation) return segmentation;
  const found = findImages(folder, facts);
  const split = chooseSplit(folder, new Set(found.map((image) => image.split)), wanted);
  const images = found.filter((image) => split === 'all' || image.split === split).sort(byName);
  const { length } = images;
  if (length === 0)
    throw new UserError(
      `${folder}: no images there (looked for ${imageEndings.join(' ')}, in sub-folders too)`,
    );
  // The classes of all splits, so that a number means the same in each of them.
  const classes = classNames(folder, found, facts);
  return {
    description: describeSource(folder, { length, classes, split }),
    split,
    length,
    classes,
    labels: classes && Int32Array.from(images, (image) => classes.indexOf(image.folder ?? '')),
    pixels: { kind: 'files', paths: images.map(({ path }) => path) },
  };
}

function byName(one: Found, other: Found): number {
  const [a, b] = [one, other].map(({ path }) => `${basename(path)}\0${path}`) as [string, string];
  return a < b ? -1 : 1;
}

function findImages(folder: string, { splitOf }: DatasetFacts): Found[] {
  const below = (entry: Entry, split: Split | undefined): Found[] =>
    filesIn(entry, imageEndings).map((path) => ({
      path,
      split: splitOf ? splitOf(relative(folder, path)) : split,
      folder: entry.folder ? entry.name : undefined,
    }));
  const entries = list(folder);
  const splits = splitOf ? [] : splitFolders(entries.filter((entry) => entry.folder));
  if (splits.length === 0) return entries.flatMap((entry) => below(entry, splitIn(basename(folder))));
  return splits.flatMap(({ name, path }) => list(path).flatMap((entry) => below(entry, splitIn(name))));
}

function classNames(
  folder: string,
  found: readonly Found[],
  facts: DatasetFacts,
): readonly string[] | undefined {
  const names = [...new Set(found.map((image) => image.folder))];
  if (names.length < 2 || names.includes(undefined)) return undefined;
  const { classes } = facts;
  const unknown = names.find((name) => classes !== undefined && !classes.includes(name ?? ''));
  if (unknown !== undefined)
    throw new UserError(`${folder}: the folder ${unknown} is none of the classes in dataset.json`);
  return classes ?? names.map(String).sort();
}
