import { existsSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { explained, HubFiles } from '../data/hub-files.js';

/** The files of an encoder that is an ONNX model, on this machine: in the layout of transformers.js. */
export interface ProgramFiles {
  /** What people call it. */
  readonly source: string;
  readonly model: string;
  readonly config: string | undefined;
  readonly preprocessor: string | undefined;
}

const MODEL = 'onnx/model.onnx';
const CONFIG = 'config.json';
const PREPROCESSOR = 'preprocessor_config.json';
/** Where a folder has weights too, these are meant: they can be trained. */
const WEIGHTS = 'model.safetensors';

/**
 * Finds an ONNX model's files: a file that is named, also one that is quantised, or a folder's or a hub's `onnx/model.onnx`.
 * @returns undefined where the source names no ONNX model
 */
export async function findProgram(source: string): Promise<ProgramFiles | undefined> {
  const name = /^hf:([\w.-]+\/[\w.-]+)$/.exec(source)?.[1];
  if (name !== undefined) return fromHub(source, name);
  if (/\.onnx$/i.test(source)) return beside(source, source);
  const isFolder = statSync(source, { throwIfNoEntry: false })?.isDirectory() ?? false;
  const model = join(source, MODEL);
  return isFolder && existsSync(model) && !existsSync(join(source, WEIGHTS))
    ? beside(source, model)
    : undefined;
}

function beside(source: string, model: string): ProgramFiles {
  const own = dirname(model);
  const folder = basename(own) === 'onnx' ? dirname(own) : own;
  const file = (name: string): string | undefined =>
    existsSync(join(folder, name)) ? join(folder, name) : undefined;
  return { source, model, config: file(CONFIG), preprocessor: file(PREPROCESSOR) };
}

function fromHub(source: string, name: string): Promise<ProgramFiles | undefined> {
  return explained(source, async () => {
    const hub = await HubFiles.list({ type: 'model', name });
    if (!hub.paths.includes(MODEL) || hub.paths.includes(WEIGHTS)) return undefined;
    const file = async (path: string): Promise<string | undefined> =>
      hub.paths.includes(path) ? hub.fetch(path) : undefined;
    return {
      source,
      model: await hub.fetch(MODEL),
      config: await file(CONFIG),
      preprocessor: await file(PREPROCESSOR),
    };
  });
}
