import { existsSync, readdirSync, statSync } from 'node:fs';
import { basename, dirname, extname, join } from 'node:path';
import { z } from 'zod';
import { explained, HubFiles } from '../data/hub-files.js';
import { UserError } from '../errors.js';
import { readJson } from '../json-file.js';

/** The files of an encoder from elsewhere, on this machine. */
export interface EncoderFiles {
  /** Its weights: a file of safetensors, or the index of several. */
  readonly weights: string;
  /** The files that they lie in. */
  readonly shards: readonly string[];
  /** Its `config.json`: transformers' or timm's. */
  readonly config: string;
  /** transformers' `preprocessor_config.json`, where there is one. */
  readonly preprocessor: string | undefined;
}

const WEIGHTS = 'model.safetensors';
const INDEX = `${WEIGHTS}.index.json`;
const CONFIG = 'config.json';
const PREPROCESSOR = 'preprocessor_config.json';

/** Files that run code when they are read. */
const isPickle = (name: string): boolean => ['.bin', '.pt', '.pth', '.ckpt', '.pkl'].includes(extname(name));

/** Whether a source is an encoder that others' programs read too, rather than a folder of a run or an adapted model. */
export function isEncoder(source: string): boolean {
  if (source.startsWith('hf:') || statSync(source, { throwIfNoEntry: false })?.isFile()) return true;
  if (existsSync(join(source, 'onnx'))) return true;
  const config = join(source, CONFIG);
  const told = existsSync(config) ? Object.keys(readJson(config) ?? {}) : [];
  return ['model_type', 'architecture'].some((key) => told.includes(key));
}

/**
 * Finds an encoder's files.
 * @param source a folder with `model.safetensors` or its index, such a file, or `hf:owner/name`
 * @throws UserError for what is not there, and for weights that are no safetensors
 */
export async function findEncoder(source: string): Promise<EncoderFiles> {
  const name = /^hf:([\w.-]+\/[\w.-]+)$/.exec(source)?.[1];
  if (name !== undefined) return fromHub(source, name);
  if (source.startsWith('hf:'))
    throw new UserError(`${source}: not an encoder on the hub; give hf:owner/name`, 2);
  const found = statSync(source, { throwIfNoEntry: false });
  if (found === undefined)
    throw new UserError(
      `${source}: no such file or folder; an encoder is a folder, a file of safetensors or ONNX, or hf:owner/name`,
      2,
    );
  const folder = found.isDirectory() ? source : dirname(source);
  const weights = found.isDirectory() ? join(source, chooseWeights(source, readdirSync(source))) : source;
  if (isPickle(weights)) throw pickle(weights);
  if (!existsSync(join(folder, CONFIG)))
    throw new UserError(`${weights}: ${CONFIG} is missing beside it, which says what encoder it is`, 2);
  const preprocessor = join(folder, PREPROCESSOR);
  const shards = shardNames(weights, readdirSync(folder));
  return {
    weights,
    shards: shards?.map((name) => join(folder, name)) ?? [weights],
    config: join(folder, CONFIG),
    preprocessor: existsSync(preprocessor) ? preprocessor : undefined,
  };
}

function fromHub(source: string, name: string): Promise<EncoderFiles> {
  return explained(source, async () => {
    const hub = await HubFiles.list({ type: 'model', name });
    const chosen = chooseWeights(source, hub.paths);
    if (!hub.paths.includes(CONFIG))
      throw new UserError(`${source}: no ${CONFIG} there, which says what encoder it is`);
    const weights = await hub.fetch(chosen);
    const shards: string[] = [];
    for (const name of shardNames(weights, hub.paths) ?? []) shards.push(await hub.fetch(name));
    return {
      weights,
      shards: shards.length > 0 ? shards : [weights],
      config: await hub.fetch(CONFIG),
      preprocessor: hub.paths.includes(PREPROCESSOR) ? await hub.fetch(PREPROCESSOR) : undefined,
    };
  });
}

/** Of the files of a folder, that of the weights. */
function chooseWeights(source: string, paths: readonly string[]): string {
  if (paths.includes(WEIGHTS)) return WEIGHTS;
  if (paths.includes(INDEX)) return INDEX;
  const pickled = paths.find(isPickle);
  if (pickled !== undefined) throw pickle(join(source, pickled));
  throw new UserError(`${source}: no ${WEIGHTS} there`);
}

const indexSchema = z.object({ weight_map: z.record(z.string(), z.string()) });

/**
 * Of weights in several files, the files that their index names; undefined where it is no index.
 * @param paths what lies beside it
 * @throws UserError where it is damaged, or a file is missing
 */
function shardNames(weights: string, paths: readonly string[]): readonly string[] | undefined {
  if (!weights.endsWith('.json')) return undefined;
  const index = indexSchema.safeParse(readJson(weights));
  if (!index.success) throw new UserError(`${weights}: no index of weights (weight_map)`);
  const names = [...new Set(Object.values(index.data.weight_map))].sort();
  const missing = names.filter((name) => !paths.includes(name));
  if (missing.length > 0) throw new UserError(`${weights}: missing beside it: ${missing.join(', ')}`);
  return names;
}

const pickle = (file: string): UserError =>
  new UserError(
    `${file}: a pickle can run any code when it is opened, so none is read; convert it with Python: safetensors.torch.save_file(torch.load('${basename(file)}', weights_only=True), '${WEIGHTS}')`,
    2,
  );
