import { UserError } from '../errors.js';
import { placeOf, type RunFiles } from '../run/run-files.js';

/** What the File System API of browsers gives, as far as it is used here. */
interface FileHandle {
  readonly kind: 'file';
  getFile(): Promise<Blob>;
  createWritable(options: { keepExistingData: boolean }): Promise<{
    write(data: Uint8Array | string): Promise<void>;
    seek(offset: number): Promise<void>;
    close(): Promise<void>;
  }>;
}
interface FolderHandle {
  readonly kind: 'directory';
  getFileHandle(name: string, options?: { create: boolean }): Promise<FileHandle>;
  getDirectoryHandle(name: string, options?: { create: boolean }): Promise<FolderHandle>;
  removeEntry(name: string, options?: { recursive: boolean }): Promise<void>;
  entries(): AsyncIterable<[string, FileHandle | FolderHandle]>;
}
interface Storing {
  readonly navigator?: { readonly storage?: { getDirectory?(): Promise<FolderHandle> } };
}

/** Where runs lie in the page's own storage. */
const FOLDER = 'runs';

/**
 * The files of a run in the browser's own storage (the origin private file system), which stays until the page's data are
 * cleared; in a page and in its workers.
 * @param name of the run, without a slash
 * @throws UserError, once they are used, where the page may not store, or there is no room left
 */
export function storedRun(name: string): RunFiles {
  const fileAt = async (path: string, create: boolean): Promise<FileHandle> => {
    const [file = '', ...folders] = path.split('/').reverse();
    return (await folderAt([FOLDER, name, ...folders.reverse()], create)).getFileHandle(file, { create });
  };
  const put = async (
    path: string,
    parts: readonly (Uint8Array | string)[],
    append: boolean,
  ): Promise<void> => {
    try {
      const file = await fileAt(path, true);
      // What is written takes its place when it is closed, all at once.
      const writable = await file.createWritable({ keepExistingData: append });
      if (append) await writable.seek((await file.getFile()).size);
      for (const part of parts) await writable.write(part);
      await writable.close();
    } catch (error) {
      if ((error as Error).name !== 'QuotaExceededError') throw error;
      throw new UserError(
        `${placeOf({ name }, path)}: no room left in the storage of this browser: remove runs, or free space on the disk`,
      );
    }
  };
  return {
    name,
    read: (path) =>
      orNothing(async () => {
        const file = await (await fileAt(path, false)).getFile();
        // A file is there, with nothing in it, before it is first written.
        return file.size === 0 ? undefined : new Uint8Array(await file.arrayBuffer());
      }),
    list: async (folder) => (await entriesOf([FOLDER, name, ...folder.split('/')])) ?? [],
    write: (path, parts) => put(path, parts, false),
    append: (path, text) => put(path, [text], true),
    remove: async (path) => {
      const [file = '', ...folders] = path.split('/').reverse();
      await orNothing(async () =>
        (await folderAt([FOLDER, name, ...folders.reverse()], false)).removeEntry(file),
      );
    },
    sha256: async (parts) => {
      const hash = await crypto.subtle.digest(
        'SHA-256',
        await new Blob([...(parts as Iterable<Uint8Array<ArrayBuffer>>)]).arrayBuffer(),
      );
      return Array.from(new Uint8Array(hash), (byte) => byte.toString(16).padStart(2, '0')).join('');
    },
  };
}

/** The names of all runs in the browser's own storage. @throws UserError where the page may not store */
export async function storedRuns(): Promise<string[]> {
  const entries = (await entriesOf([FOLDER])) ?? [];
  return entries.map((entry) => entry.replace(/\/$/, '')).sort();
}

/** Removes a run from the browser's own storage, where it is there. */
export async function removeStoredRun(name: string): Promise<void> {
  await orNothing(async () => (await folderAt([FOLDER], false)).removeEntry(name, { recursive: true }));
}

async function folderAt(names: readonly string[], create: boolean): Promise<FolderHandle> {
  const { navigator } = globalThis as unknown as Storing;
  // Where the page may not store, a browser has no such function, or it refuses.
  let folder = await navigator?.storage?.getDirectory?.().catch(() => undefined);
  if (folder === undefined)
    throw new UserError(
      'this page may not store runs: open it over https or from this machine, and not in a private window',
    );
  for (const name of names.filter((each) => each !== ''))
    folder = await folder.getDirectoryHandle(name, { create });
  return folder;
}

/** What lies in a folder, folders with a `/` at the end. */
function entriesOf(names: readonly string[]): Promise<string[] | undefined> {
  return orNothing(async () => {
    const found: string[] = [];
    for await (const [name, { kind }] of (await folderAt(names, false)).entries())
      found.push(kind === 'directory' ? `${name}/` : name);
    return found;
  });
}

async function orNothing<T>(find: () => Promise<T>): Promise<T | undefined> {
  try {
    return await find();
  } catch (error) {
    if ((error as Error).name === 'NotFoundError') return undefined;
    throw error;
  }
}
