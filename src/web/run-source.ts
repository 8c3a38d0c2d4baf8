import { UserError } from '../errors.js';
import type { RunSource } from '../run/run-files.js';

/** A run's folder on a server. @param folder its URL */
export function runAt(folder: string | URL): RunSource {
  const base = new URL(
    String(folder).replace(/\/*$/, '/'),
    (globalThis as { location?: { readonly href: string } }).location?.href,
  );
  return {
    name: base.href.replace(/\/$/, ''),
    async read(path) {
      const answer = await fetch(new URL(path, base));
      if (answer.status === 404) return undefined;
      if (!answer.ok) throw new UserError(`${base.href}${path}: the server answers ${answer.status}`);
      return new Uint8Array(await answer.arrayBuffer());
    },
  };
}

/** A file that a person chose or dropped. */
export type ChosenFile = Blob & {
  readonly name: string;
  /** Where it lay in the folder that was chosen; empty for a file alone. */
  readonly webkitRelativePath?: string;
};

/** Where a file lay, with the folder that was chosen. */
export const pathOf = ({ webkitRelativePath, name }: ChosenFile): string => webkitRelativePath || name;

/** A run's folder that a person chose or dropped. */
export interface ChosenRun extends RunSource {
  /** The files in it, by their paths. */
  readonly paths: readonly string[];
}

/**
 * A run's folder that a person chose or dropped, or only its files.
 * @throws UserError where none of them is a configuration
 */
export function runOf(files: Iterable<ChosenFile>): ChosenRun {
  const places = [...files].map((file) => ({ file, path: pathOf(file) }));
  const config = places
    .filter(({ path }) => /(^|\/)config\.json$/.test(path))
    .sort((a, b) => a.path.length - b.path.length)[0];
  if (config === undefined)
    throw new UserError('no config.json among these files: choose the folder of a run');
  const folder = config.path.slice(0, -'config.json'.length);
  return {
    name: folder.replace(/\/$/, '') || 'the run',
    paths: places.flatMap(({ path }) => (path.startsWith(folder) ? [path.slice(folder.length)] : [])),
    async read(path) {
      const found = places.find((place) => place.path === folder + path);
      return found && new Uint8Array(await found.file.arrayBuffer());
    },
  };
}
