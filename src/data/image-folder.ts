import { type Dirent, readdirSync } from 'node:fs';
import { basename, extname, join } from 'node:path';
import { UserError } from '../errors.js';
import { type Source, type Split, splitOf } from './source.js';

const endings = new Set(['.jpg', '.jpeg', '.png', '.webp', '.avif', '.gif', '.tif', '.tiff']);
const isImage = (entry: Dirent): boolean => entry.isFile() && endings.has(extname(entry.name).toLowerCase());
const list = (folder: string): Dirent[] =>
  readdirSync(folder, { withFileTypes: true })
    .filter((entry) => !entry.name.startsWith('.'))
    .sort((a, b) => (a.name < b.name ? -1 : 1));

/**
 * A folder of images: flat, or one sub-folder per class; either may lie in `train`, `validation`/`val`, `test`.
 * @throws UserError for a folder without images or without the split asked for
 */
export function imageFolder(folder: string, wanted: Split | undefined): Source {
  const splits = list(folder).filter((entry) => entry.isDirectory() && splitOf(entry.name) !== undefined);
  if (splits.length > 0) {
    const split = wanted ?? 'train';
    const chosen = splits.filter((entry) => split === 'all' || splitOf(entry.name) === split);
    if (chosen.length === 0)
      throw new UserError(
        `${folder}: no ${split} split; there are ${splits.map((entry) => entry.name).join(', ')}`,
      );
    return read(
      folder,
      chosen.map((entry) => join(folder, entry.name)),
      split,
    );
  }
  const named = splitOf(basename(folder));
  if (wanted !== undefined && wanted !== 'all' && named !== undefined && named !== wanted)
    throw new UserError(`${folder}: this is the ${named} split, not ${wanted}`);
  return read(folder, [folder], named ?? 'all');
}

function read(name: string, folders: readonly string[], split: Split): Source {
  const classes = [
    ...new Set(
      folders.flatMap((folder) =>
        list(folder)
          .filter((entry) => entry.isDirectory())
          .map((entry) => entry.name),
      ),
    ),
  ].sort();
  const paths: string[] = [];
  const labels: number[] = [];
  const take = (folder: string, label: number): void => {
    for (const entry of list(folder)) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) take(path, label === -1 ? classes.indexOf(entry.name) : label);
      else if (isImage(entry)) {
        paths.push(path);
        labels.push(label);
      }
    }
  };
  for (const folder of folders) take(folder, -1);
  if (paths.length === 0)
    throw new UserError(
      `${name}: no images there (looked for ${[...endings].join(' ')}, in sub-folders too)`,
    );
  const labelled = classes.length > 1 && labels.every((label) => label >= 0);
  return {
    description: `${name}: ${paths.length} images, ${labelled ? `${classes.length} classes` : 'no labels'}, split ${split}`,
    split,
    length: paths.length,
    classes: labelled ? classes : undefined,
    labels: labelled ? Int32Array.from(labels) : undefined,
    pixels: { kind: 'files', paths },
  };
}
