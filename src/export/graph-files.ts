import type { Engine } from '../engine/index.js';
import { UserError } from '../errors.js';
import type { Log } from '../log.js';
import type { Models } from '../run/encoder-file.js';
import { type Program, simplify, toOnnx } from '../tensor/index.js';
import type { Document } from './config-files.js';
import { type ComparedImages, type Effects, measureEffects } from './measured-effect.js';
import { type Precision, storeSmaller } from './store-smaller.js';

/** Files that go out, in pieces, by their path in the folder. */
export type Files = Map<string, readonly Uint8Array[]>;

/** Where transformers.js looks for a graph in a precision. */
export const graphFiles: Readonly<Record<Precision, string>> = {
  float32: 'onnx/model.onnx',
  float16: 'onnx/model_fp16.onnx',
  int8: 'onnx/model_quantized.onnx',
};
const precisions = Object.keys(graphFiles) as Precision[];

/** ONNX is a protocol buffer, which has no more bytes. */
const LARGEST = 2 ** 31 - 1;

/** What an export works with. */
export interface Exporting {
  /** Folder that it makes, for its name. */
  readonly out: string;
  /** Images to compare precisions on; the model's own where absent. */
  readonly data: readonly string[] | undefined;
  readonly engine: Engine;
  readonly log: Log;
}

/**
 * A graph as an ONNX file with the names of inputs and outputs as they are.
 * @param models what it calls, which becomes a part of it
 * @throws UserError where it is too large
 */
export function onnxFile(graph: Program, models: Models = {}): readonly Uint8Array[] {
  const bytes = toOnnx(simplify(graph), (path) => path, models);
  if (bytes.length <= LARGEST) return [bytes];
  throw new UserError(`the model takes more than the 2 GiB that an ONNX file may have`);
}

export const textFile = (text: string): readonly Uint8Array[] => [new TextEncoder().encode(text)];
export const jsonFile = (document: Document): readonly Uint8Array[] =>
  textFile(`${JSON.stringify(document, null, 2)}\n`);

/**
 * A graph in every precision, under the names that transformers.js looks for, and what each changes.
 * @param graph all its weights in it
 */
export async function graphInPrecisions(
  graph: Program,
  compared: ComparedImages,
  engine: Engine,
  log: Log,
): Promise<{ files: Files; effects: Effects }> {
  const graphs = new Map<Precision, Program>();
  for (const precision of precisions) graphs.set(precision, await storeSmaller(graph, precision, engine));
  const effects = await measureEffects(graphs, compared, engine, log);
  const files: Files = new Map(
    [...graphs].map(([precision, stored]) => [graphFiles[precision], onnxFile(stored)]),
  );
  return { files, effects };
}
