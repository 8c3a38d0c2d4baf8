import { type Dirent, readdirSync, realpathSync, type Stats, statSync } from 'node:fs';
import { basename, extname, join, resolve } from 'node:path';
import { UserError } from '../errors.js';
import { imageEndings } from './encoded-image.js';

/** A file of a data set. */
export interface DataFile {
  readonly path: string;
  /** Its path below the data set's folder, with /. */
  readonly name: string;
}

/** A folder of a data set and what lies in it, in the order of code units; hidden files left out, links followed. */
export interface Folder {
  readonly name: string;
  readonly path: string;
  /** How the names of all in it begin: `''` for the data set's folder, `images/train/`. */
  readonly prefix: string;
  readonly folders: readonly Folder[];
  /** The files that end as images do. */
  readonly images: readonly DataFile[];
  readonly others: readonly DataFile[];
}

/** Looks through a folder and all below it. @throws UserError for a link to a folder above it */
export function readFolder(path: string): Folder {
  return read(path, '', []);
}

function read(path: string, prefix: string, above: readonly string[]): Folder {
  const place = realpathSync(path);
  if (above.includes(place)) throw new UserError(`${path} is a link to a folder above it; remove it`);
  const kind = (entry: Dirent): Dirent | Stats | undefined =>
    entry.isSymbolicLink() ? statSync(join(path, entry.name), { throwIfNoEntry: false }) : entry;
  const folders: Folder[] = [];
  const images: DataFile[] = [];
  const others: DataFile[] = [];
  const entries = readdirSync(path, { withFileTypes: true }).filter(({ name }) => !name.startsWith('.'));
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const file = { path: join(path, entry.name), name: prefix + entry.name };
    if (kind(entry)?.isDirectory()) folders.push(read(file.path, `${file.name}/`, [...above, place]));
    else if (isImageName(entry.name)) images.push(file);
    else others.push(file);
  }
  return { name: basename(resolve(path)), path, prefix, folders, images, others };
}

function isImageName(name: string): boolean {
  const ending = extname(name).toLowerCase();
  return imageEndings.some((each) => each === ending);
}

/** All images in and below a folder. */
export function imagesBelow({ folders, images }: Folder): DataFile[] {
  return [...images, ...folders.flatMap(imagesBelow)];
}

/** Whether there is an image in or below a folder. */
export function holdsImages({ folders, images }: Folder): boolean {
  return images.length > 0 || folders.some(holdsImages);
}
