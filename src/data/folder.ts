import { some } from '../words.js';
import { imageEndings, undecodedEndings } from './image-endings.js';
import { extname } from './path-names.js';

/** A file of a data set. */
export interface DataFile {
  readonly path: string;
  /** Its path below the data set's folder, with /. */
  readonly name: string;
}

/** A file that is no image. */
export interface OtherFile extends DataFile {
  /** What it holds, of a file of text; undefined where it has more bytes than `longest`. */
  readonly text: (longest: number) => string | undefined;
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
  /** Those that end as images do that cannot be decoded. */
  readonly undecoded: readonly DataFile[];
  readonly others: readonly OtherFile[];
}

export type FileKind = 'images' | 'undecoded' | 'others';

/** Which kind of file is called so. */
export function kindOf(name: string): FileKind {
  const ending = extname(name).toLowerCase();
  if (imageEndings.includes(ending)) return 'images';
  return undecodedEndings.includes(ending) ? 'undecoded' : 'others';
}

/** The files of a kind in and below a folder. */
export function filesBelow(folder: Folder, kind: FileKind): DataFile[] {
  return [...folder[kind], ...folder.folders.flatMap((each) => filesBelow(each, kind))];
}

/** Whether there is an image in or below a folder. */
export function holdsImages({ folders, images }: Folder): boolean {
  return images.length > 0 || folders.some(holdsImages);
}

/** The first few of many files. */
export const someOf = (files: readonly Pick<DataFile, 'name'>[]): string =>
  some(files.map(({ name }) => name));
