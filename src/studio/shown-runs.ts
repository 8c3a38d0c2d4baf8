import { existsSync, readdirSync, realpathSync, statSync } from 'node:fs';
import { basename, join, resolve, sep } from 'node:path';
import { isAdapted } from '../adapt/model/model-folder.js';
import { UserError } from '../errors.js';
import { isRun } from '../run/disk/run-folder.js';
import { isInUse } from '../run/disk/run-lock.js';
import { ENCODER_FILE } from '../run/encoder-file.js';
import type { ListedRun } from '../web/run-list.js';

/** All of a run's folder that a page may read: nothing that names images or could train on. */
export const shownFiles = [
  'config.json',
  'metrics.jsonl',
  'model.safetensors',
  ENCODER_FILE,
  'result.json',
  'report.html',
] as const;
export type ShownFile = (typeof shownFiles)[number];

/** The runs, and adapted models, of the folders that a person named; looked for anew whenever they are asked for. */
export class ShownRuns {
  readonly #places: readonly string[];

  /**
   * @param places folders of runs, or folders that hold some; where none is named, `runs`, which may be made later
   * @throws UserError where one that is named is no folder
   */
  constructor(places: readonly string[]) {
    for (const place of places)
      if (!existsSync(place) || !statSync(place).isDirectory())
        throw new UserError(`${place} is no folder: give a run's, or one that holds runs`);
    this.#places = places.length > 0 ? places : ['runs'];
  }

  /** Those that there are, the last changed first. */
  list(): ListedRun[] {
    return [...this.#folders()]
      .map(([id, folder]) => describe(id, folder))
      .sort((a, b) => b.changed - a.changed);
  }

  /** The path of a run's file; undefined where there is none, it is not for pages, or it lies elsewhere. */
  file(id: string, name: string): string | undefined {
    const folder = this.#folders().get(id);
    const shown = shownFiles.find((each) => each === name);
    if (folder === undefined || shown === undefined || !existsSync(join(folder, shown))) return undefined;
    const path = realpathSync(join(folder, shown));
    return path.startsWith(realpathSync(folder) + sep) && statSync(path).isFile() ? path : undefined;
  }

  /** By what they are called in URLs: their folder's name, with a number where an earlier place has one of that name. */
  #folders(): Map<string, string> {
    const found = new Map<string, string>();
    for (const place of this.#places)
      for (const folder of isRun(place) ? [place] : foldersIn(place).filter(isRun)) {
        const name = basename(resolve(folder));
        let id = name;
        for (let number = 2; found.has(id); number++) id = `${name}-${number}`;
        found.set(id, folder);
      }
    return found;
  }
}

function foldersIn(place: string): string[] {
  if (!existsSync(place)) return [];
  return readdirSync(place, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => join(place, entry.name))
    .sort();
}

function describe(id: string, folder: string): ListedRun {
  const files = shownFiles.filter((name) => existsSync(join(folder, name)));
  const dates = files.flatMap(
    (name) => statSync(join(folder, name), { throwIfNoEntry: false })?.mtimeMs ?? [],
  );
  const isFinished = files.includes('model.safetensors');
  return {
    id,
    name: folder,
    kind: hasAdapted(folder) ? 'adapted' : 'run',
    state: isInUse(folder) ? 'training' : isFinished ? 'finished' : 'stopped',
    changed: Math.max(0, ...dates),
    files,
  };
}

/** A configuration that cannot be read is shown as a run's, with what is wrong with it. */
function hasAdapted(folder: string): boolean {
  try {
    return isAdapted(folder);
  } catch {
    return false;
  }
}
