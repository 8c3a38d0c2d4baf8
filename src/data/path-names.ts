/** The last part of a path with `/`. */
export const basename = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

/** A path without its last part; `.` where there is no other. */
export const dirname = (path: string): string =>
  path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : '.';

/** The ending of a path, `.png`; empty where there is none. */
export const extname = (path: string): string => /(?<=[^/])\.[^./]*$/.exec(path)?.[0] ?? '';

/** A path without the ending of its last part. */
export function withoutEnding(path: string): string {
  return path.replace(/(?<=[^\\/])\.[^.\\/]+$/, '');
}

/** Folders in which systems keep what they make of the files beside them: thumbnails, resource forks. */
const SYSTEMS = ['@eaDir', '__MACOSX'];

/** Whether a path leads to or through what is not meant to be seen. */
export const isHidden = (path: string): boolean =>
  path.split('/').some((name) => name.startsWith('.') || SYSTEMS.includes(name));
