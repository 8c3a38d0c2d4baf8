import { type Dirent, readdirSync, type Stats, statSync } from 'node:fs';
import { basename, extname, join } from 'node:path';
import { UserError } from '../errors.js';
import { chooseSplit, describeSource, type Source, type Split, splitOfFolder } from './source.js';

const endings = new Set(['.jpg', '.jpeg', '.png', '.webp', '.avif', '.gif', '.tif', '.tiff']);

interface Entry {
  readonly name: string;
  readonly path: string;
  readonly folder: boolean;
}

/** What lies in a folder, in the order of code units; hidden files left out, links followed. */
function list(folder: string): Entry[] {
  const kind = (entry: Dirent): Dirent | Stats | undefined =>
    entry.isSymbolicLink() ? statSync(join(folder, entry.name), { throwIfNoEntry: false }) : entry;
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => !entry.name.startsWith('.'))
    .map((entry) => ({
      name: entry.name,
      path: join(folder, entry.name),
      folder: kind(entry)?.isDirectory() ?? false,
    }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** The image that an entry is, or the images in and below the folder that it is. */
function imagesIn({ name, path, folder }: Entry): string[] {
  if (folder) return list(path).flatMap(imagesIn);
  return endings.has(extname(name).toLowerCase()) ? [path] : [];
}

/**
 * The sub-folders that are splits. A class may be called "train", too: a single such name beside others is a class.
 */
function splitFolders(folders: readonly Entry[]): Entry[] {
  const named = folders.filter(({ name }) => splitOfFolder(name) !== undefined);
  const distinct = new Set(named.map(({ name }) => splitOfFolder(name)));
  return named.length === folders.length || distinct.size > 1 ? named : [];
}

/**
 * A folder of images: flat, or one sub-folder per class; either may lie in `train`, `validation`/`val`, `test`. Of a
 * folder for segmentation (`images`, `annotations`), the images. Images beside class folders make it unlabelled.
 * @throws UserError for a folder without images or without the split asked for
 */
export function imageFolder(folder: string, wanted: Split | undefined): Source {
  const folders = list(folder).filter((entry) => entry.folder);
  const images = folders.find(({ name }) => name === 'images');
  if (images && folders.some(({ name }) => name === 'annotations')) return imageFolder(images.path, wanted);
  const splits = splitFolders(folders);
  if (splits.length === 0) {
    const split = chooseSplit(folder, new Set([splitOfFolder(basename(folder))]), wanted);
    return read(folder, split, [folder], classNames([folder]));
  }
  const split = chooseSplit(folder, new Set(splits.map(({ name }) => splitOfFolder(name))), wanted);
  const roots = splits
    .filter(({ name }) => split === 'all' || splitOfFolder(name) === split)
    .map(({ path }) => path);
  // The classes of all splits, so that a number means the same in each of them.
  return read(folder, split, roots, classNames(splits.map(({ path }) => path)));
}

function classNames(roots: readonly string[]): string[] {
  const names = roots.flatMap((root) =>
    list(root)
      .filter((entry) => entry.folder)
      .map(({ name }) => name),
  );
  return [...new Set(names)].sort();
}

function read(folder: string, split: Split, roots: readonly string[], names: readonly string[]): Source {
  const paths: string[] = [];
  const labels: number[] = [];
  for (const entry of roots.flatMap(list)) {
    const label = entry.folder ? names.indexOf(entry.name) : -1;
    for (const path of imagesIn(entry)) {
      paths.push(path);
      labels.push(label);
    }
  }
  const { length } = paths;
  if (length === 0)
    throw new UserError(
      `${folder}: no images there (looked for ${[...endings].join(' ')}, in sub-folders too)`,
    );
  const labelled = names.length > 1 && !labels.includes(-1);
  const classes = labelled ? names : undefined;
  return {
    description: describeSource(folder, { length, classes, split }),
    split,
    length,
    classes,
    labels: labelled ? Int32Array.from(labels) : undefined,
    pixels: { kind: 'files', paths },
  };
}
