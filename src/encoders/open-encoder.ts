import { emptyFlat, type Flat } from '../nn/index.js';
import type { Settled } from '../run/config.js';
import type { Models } from '../run/encoder-file.js';
import { fill } from '../run/named-tensors.js';
import type { Layouts } from '../world-model/index.js';
import { findEncoder } from './encoder-files.js';
import { readFacts } from './facts.js';
import { renamed } from './names.js';
import { fitPositions, patchPositions } from './positions.js';
import { openProgram } from './program.js';
import { findProgram } from './program-files.js';
import { sizesOf } from './sizes.js';
import { readWeights } from './weights.js';

/** An encoder that others have trained. */
export interface ForeignEncoder {
  /** What it settles of a configuration. */
  readonly settled: Settled;
  /** What was left out or changed, a line each. */
  readonly notes: readonly string[];
  /** Its weights, laid out; positions are brought to the layout's patches. @throws UserError naming tensors that do not fit */
  readonly weights: (layout: Layouts['encoder']) => Flat<Float32Array>;
  /** What its programs call: itself, where it is an ONNX model. */
  readonly models: Models;
}

/**
 * Opens an ONNX model, or a vision transformer in the names of transformers (`ijepa`, `vit`, `dinov2`, `dinov2_with_registers`) or timm.
 * @param source a folder, a file of safetensors (or the index of several) or ONNX with its `config.json` beside it, or `hf:owner/name`
 * @param wanted side of the images, in pixels, where a person has chosen one
 * @throws UserError for what is not there, is damaged, a pickle, or an encoder of another kind
 */
export async function openEncoder(source: string, wanted?: number): Promise<ForeignEncoder> {
  const program = await findProgram(source);
  if (program !== undefined) return openProgram(program, wanted);
  const files = await findEncoder(source);
  const { heads, epsilon, image, normalisation, antialias } = readFacts(files);
  const { tensors: theirs, types, sha256 } = await readWeights(files.shards);
  const { tensors: named, beside } = renamed(theirs);
  const tensors = patchPositions(named, files.weights);
  const { patch, ...sizes } = sizesOf(tensors, files.weights);
  const narrow = types.filter((type) => type !== 'F32');
  return {
    settled: {
      encoder: { ...sizes, heads, epsilon, source: { name: source, sha256 } },
      image: { size: image, patch },
      ...(normalisation === undefined ? {} : { normalisation }),
    },
    notes: [
      ...(narrow.length > 0
        ? [`${source}: weights of type ${narrow.join(', ')}; they are kept and computed in float32`]
        : []),
      ...(beside.length > 0 ? [`${source}: left out, as not of the encoder: ${beside.join(', ')}`] : []),
      ...(normalisation === undefined
        ? [`${source}: does not tell how colours are normalised; as ImageNet's are, unless it is set`]
        : []),
    ],
    weights: (layout) => {
      const flat = emptyFlat(layout);
      const fitted = fitPositions(tensors, layout, antialias);
      fill({ tensors: fitted }, [{ prefix: '', layout, flat }], files.weights);
      return flat;
    },
    models: {},
  };
}
