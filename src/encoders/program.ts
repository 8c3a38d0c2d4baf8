import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import type { z } from 'zod';
import { createEngine } from '../engine/create-engine.js';
import { UserError } from '../errors.js';
import { notFetched } from '../git-lfs.js';
import { readJson } from '../json-file.js';
import type { Settled } from '../run/config.js';
import type { Models } from '../run/encoder-file.js';
import {
  type Callee,
  call,
  type OnnxHeader,
  type OnnxValue,
  readOnnxHeader,
  spec,
  trace,
} from '../tensor/index.js';
import { countModel, imageSide, modelSchema, normalisationOf, preprocessorSchema } from './program-facts.js';
import type { ProgramFiles } from './program-files.js';

/**
 * Opens an ONNX model as an encoder that is run as it is: what it gives is seen by running it on one image.
 * @param wanted side of the images, in pixels, where a person has chosen one
 * @returns what it settles of a configuration, and itself, in which its weights are
 * @throws UserError that says what was expected and what was found
 */
export async function openProgram(
  { source, model: file, config, preprocessor: preparation }: ProgramFiles,
  wanted?: number,
): Promise<{
  settled: Settled;
  notes: readonly string[];
  weights: () => Record<string, never>;
  models: Models;
}> {
  const bytes = readProgram(file);
  const header = readHeader(file, bytes);
  const model = readSettings(config, modelSchema);
  const preprocessor = readSettings(preparation, preprocessorSchema);
  const size = wanted ?? fixedSide(header) ?? imageSide(preprocessor, model);
  if (size === undefined)
    throw new UserError(
      `${source}: neither config.json nor preprocessor_config.json says the size of its images; write "image_size": PIXELS into config.json`,
      2,
    );
  const output = latentsOutput(file, header);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const [tokens, width] = await measure({ file, bytes, name: sha256, output }, size);
  const { patch, prefix } = tokenGrid(file, { tokens, size, patch: model.patch_size });
  return {
    settled: {
      encoder: {
        width,
        // Nothing is built from them; they say what it is.
        depth: model.num_hidden_layers ?? 1,
        ...(model.num_attention_heads === undefined ? {} : { heads: model.num_attention_heads }),
        source: { name: source, sha256 },
        program: { output, sees: 'whole image', prefix, ...countModel(header, { tokens, width }) },
      },
      image: { size, patch },
      normalisation: normalisationOf(preprocessor),
    },
    notes: [],
    weights: () => ({}),
    models: { [sha256]: bytes },
  };
}

/** The bytes of an ONNX file. @throws UserError where there is none, or it is too large for one */
function readProgram(file: string): Uint8Array {
  if (!existsSync(file)) throw new UserError(`${file}: there is no such file`);
  if (statSync(file).size >= 2 ** 31)
    throw new UserError(
      `${file}: expected less than 2 GiB, found ${(statSync(file).size / 2 ** 30).toFixed(1)}`,
    );
  return readFileSync(file);
}

function readHeader(file: string, bytes: Uint8Array): OnnxHeader {
  let header: OnnxHeader;
  try {
    header = readOnnxHeader(bytes);
  } catch {
    throw new UserError(`${file} is ${notFetched(bytes) ?? 'no ONNX model, or was cut off; get it anew'}`);
  }
  const [first, ...others] = header.inputs.map(({ name }) => name);
  if (first === undefined || others.length > 0)
    throw new UserError(
      `${file}: expected one input, pixel_values, found ${[first ?? 'none', ...others].join(', ')}: export the encoder of images alone`,
    );
  const [input] = header.inputs as [OnnxValue];
  if (input.shape !== undefined && (input.shape.length !== 4 || ![3, undefined].includes(input.shape[1])))
    throw new UserError(`${file}: expected images [B, 3, S, S] as ${first}, found ${shapeText(input.shape)}`);
  demandFloats(file, input);
  if (typeof input.shape?.[0] === 'number')
    throw new UserError(
      `${file}: expected any number of images at once, found ${input.shape[0]}: export it with a dynamic batch axis`,
    );
  const [external] = header.externalFiles;
  if (external !== undefined)
    throw new UserError(
      `${file}: expected a model in one file, found weights in ${external}; write it as one with Python: onnx.save(onnx.load("${basename(file)}"), "one.onnx")`,
    );
  return header;
}

/** What is computed of images and latents is in float32; in which types a model computes is its own affair. */
function demandFloats(file: string, { name, type = 'float32' }: OnnxValue): void {
  if (type === 'float32') return;
  throw new UserError(
    `${file}: expected ${name} in float32, found ${type}: take another of its files (onnx/model.onnx), or export it with inputs and outputs in float32 (keep_io_types=True)`,
  );
}

const shapeText = (shape: readonly (number | undefined)[]): string =>
  `[${shape.map((size) => size ?? '?').join(', ')}]`;

/** The side of the images that a model is made for alone. */
const fixedSide = ({ inputs }: OnnxHeader): number | undefined => inputs[0]?.shape?.[2];

/** The output that holds latents: by its name, else the first that may be [B, tokens, D]. */
function latentsOutput(file: string, { outputs }: OnnxHeader): string {
  const fitting = outputs.filter(({ shape }) => shape === undefined || shape.length === 3);
  const found = fitting.find(({ name }) => name === 'last_hidden_state') ?? fitting[0];
  if (found !== undefined) {
    demandFloats(file, found);
    return found.name;
  }
  const others = outputs.map(({ name, shape = [] }) => `${name} ${shapeText(shape)}`);
  throw new UserError(
    `${file}: expected an output [B, tokens, D] with latents of patches, found ${others.join(', ')}`,
  );
}

/** Tokens and features that a model gives for an image, seen by running it. */
async function measure(
  { file, bytes, name, output }: { readonly file: string; readonly bytes: Uint8Array } & Callee,
  size: number,
): Promise<[tokens: number, width: number]> {
  const engine = createEngine({ models: { [name]: bytes } });
  try {
    const program = trace('look', { images: spec([1, 3, size, size]) }, ({ images }) => ({
      latents: call({ name, output }, images, spec(['batch', 'tokens', 'width']), {
        multiplyAdds: 0,
        bytes: 0,
      }),
    }));
    const { latents } = await (await engine.compile(program)).run({
      images: new Float32Array(3 * size ** 2),
    });
    const [, tokens = 0, width = 0] = latents.shape;
    return [tokens, width];
  } catch (error) {
    const [reason] = (error as Error).message.split('\n');
    throw new UserError(`${file} does not run on an image of ${size} × ${size}: ${reason}`);
  } finally {
    engine.dispose();
  }
}

/** Which of the tokens are those of patches: the last, as many as a square has. */
function tokenGrid(
  file: string,
  {
    tokens,
    size,
    patch,
  }: { readonly tokens: number; readonly size: number; readonly patch: number | undefined },
): { patch: number; prefix: number } {
  if (patch !== undefined && size % patch !== 0) {
    const below = Math.floor(size / patch) * patch;
    const sizes = [below, below + patch].filter((each) => each > 0);
    throw new UserError(
      `${file}: an image of ${size} × ${size} is no whole number of its patches of ${patch} pixels; set image.size=${sizes.join(' or ')}`,
      2,
    );
  }
  const cells = patch === undefined ? Math.floor(Math.sqrt(tokens)) : size / patch;
  const prefix = tokens - cells ** 2;
  if (cells < 1 || prefix < 0 || size % cells !== 0 || prefix >= cells ** 2)
    throw new UserError(
      `${file}: expected ${patch === undefined ? 'a square of patches' : `${cells} × ${cells} patches of ${patch} pixels`} and a few tokens before them, found ${tokens} tokens for an image of ${size} × ${size}`,
    );
  return { patch: size / cells, prefix };
}

/** A file of settings beside the model; where it is missing nothing is known. */
function readSettings<T>(file: string | undefined, schema: z.ZodType<T>): T {
  const parsed = schema.safeParse(file === undefined ? {} : readJson(file));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new UserError(`${file}: ${issue?.path.join('.')}: ${issue?.message}`);
}
