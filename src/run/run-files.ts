/** The files of a run to read, by their paths in its folder: `checkpoints/step-0000010.safetensors`. */
export interface RunSource {
  /** What to call its folder in messages. */
  readonly name: string;
  /** What a file holds; undefined where there is none. @throws UserError where it cannot be had */
  read(path: string): Promise<Uint8Array | undefined>;
}

/** The files of a run, wherever it lies: in a folder of a disk, or in a browser's own storage. */
export interface RunFiles extends RunSource {
  /** What lies in a folder of it (`''`: its own), folders with a `/` at the end; nothing where there is no such folder. */
  list(folder: string): Promise<readonly string[]>;
  /** Writes a file, one part after the other, and makes its folder: whatever happens, it is whole or as it was before. */
  write(path: string, parts: readonly Uint8Array[]): Promise<void>;
  /** Adds to the end of a file, which may be missing; it is kept when this is done. */
  append(path: string, text: string): Promise<void>;
  /** Removes a file, where it is there. */
  remove(path: string): Promise<void>;
  /** SHA-256 of bytes, one part after the other, in hexadecimal digits; by what this machine does it fastest with. */
  sha256(parts: Iterable<Uint8Array>): Promise<string>;
}

/** What messages call a file of a run. */
export const placeOf = ({ name }: Pick<RunSource, 'name'>, path: string): string => `${name}/${path}`;

/** The text of a file; undefined where there is none. */
export async function readText(run: RunSource, path: string): Promise<string | undefined> {
  const bytes = await run.read(path);
  return bytes && new TextDecoder().decode(bytes);
}

/** Writes a text as a file. */
export function writeText(run: RunFiles, path: string, text: string): Promise<void> {
  return run.write(path, [new TextEncoder().encode(text)]);
}

/** The whole lines of a file that lines are added to; none where it is missing. A last line cut off is left out. */
export async function readLines(run: RunSource, path: string): Promise<string[]> {
  return ((await readText(run, path)) ?? '').split('\n').slice(0, -1);
}
