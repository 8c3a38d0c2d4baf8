import { accessSync, constants, existsSync, renameSync, rmdirSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { checkFree, isAdapted } from '../adapt/model/model-folder.js';
import { createEngine } from '../engine/create-engine.js';
import type { ComputeOptions } from '../engine/index.js';
import { type Log, quiet } from '../log.js';
import { makeFolder } from '../make-folder.js';
import { writeAtomically } from '../run/disk/atomic-file.js';
import { adaptedFiles } from './export-adapted.js';
import { runFiles } from './export-run.js';
import type { Files } from './graph-files.js';

export interface ExportOptions extends ComputeOptions {
  /** Folder to make. */
  readonly out: string;
  /** Images on which the precisions are compared; the model's own where left out. */
  readonly data?: readonly string[];
  readonly log?: Log;
}

/** What was exported. */
export interface Exported {
  readonly out: string;
  /** With their sizes in bytes. */
  readonly files: readonly { readonly path: string; readonly bytes: number }[];
}

/**
 * Exports a finished run or an adapted model for other people's tools: transformers.js, transformers, timm, ONNX Runtime.
 * @param folder of the run or the model
 * @throws UserError where it holds no finished one, or `out` holds something already
 */
export async function exportModel(
  folder: string,
  { out, data, threads, device, log = quiet }: ExportOptions,
): Promise<Exported> {
  checkFree(out);
  makeFolder(dirname(resolve(out)));
  // Rather now than when all is computed.
  accessSync(dirname(resolve(out)), constants.W_OK);
  const engine = createEngine({ threads, device });
  try {
    const files = await (isAdapted(folder) ? adaptedFiles : runFiles)(folder, { out, data, engine, log });
    writeFolder(out, files);
    return { out, files: [...files].map(([path, parts]) => ({ path, bytes: bytesOf(parts) })) };
  } finally {
    engine.dispose();
  }
}

const bytesOf = (parts: readonly Uint8Array[]): number => parts.reduce((sum, part) => sum + part.length, 0);

/** Makes a folder of files, so that it is whole or not there. @throws Error of the system */
function writeFolder(folder: string, files: Files): void {
  const temporary = `${folder}.${process.pid}.tmp`;
  try {
    for (const [path, parts] of files) {
      const file = join(temporary, path);
      makeFolder(dirname(file));
      writeAtomically(file, parts);
    }
    // An empty one is in nobody's way.
    if (existsSync(folder)) rmdirSync(folder);
    renameSync(temporary, folder);
  } catch (error) {
    rmSync(temporary, { recursive: true, force: true });
    throw error;
  }
}

/** What was exported, in words. */
export function describeExport({ out, files }: Exported): string {
  const size = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(2)} MiB`;
  return [...files.map(({ path, bytes }) => `${size(bytes).padStart(12)}  ${path}`), out].join('\n');
}
