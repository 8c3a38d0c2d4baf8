import type { Flat } from '../nn/index.js';
import { type Config, modelConfig } from '../run/config.js';
import { readModels } from '../run/disk/encoder-file.js';
import { encodeSafetensors } from '../run/safetensors.js';
import type { Program } from '../tensor/index.js';
import { layouts, type ModelWeights } from '../world-model/index.js';
import { preprocessorConfig, programConfig, timmConfig, transformersConfig } from './config-files.js';
import { type EncoderWords, programWords, weightsWords } from './encoder-card.js';
import { timmWeights, transformersWeights } from './encoder-names.js';
import { fixInputs } from './fix-inputs.js';
import {
  type Exporting,
  type Files,
  graphFiles,
  graphInPrecisions,
  jsonFile,
  onnxFile,
} from './graph-files.js';
import { encoderGraph, targetGraph, weightFeeds } from './graphs.js';
import { nameOf } from './model-card.js';

/** Where latents of an image are. */
export interface LatentsGraph {
  /** From where the predictor lies. */
  readonly graph: string;
  readonly output: string;
  /** Tokens in it before those of the patches. */
  readonly prefix: number;
}

/** The graph that goes out. */
const model = { graph: `../${graphFiles.float32}`, output: 'last_hidden_state', prefix: 0 };

/** What goes out of a run's encoder. */
export interface EncoderParts {
  readonly files: Files;
  /** What the predictor reads. */
  readonly read: LatentsGraph;
  /** What its predictions come near. */
  readonly target: LatentsGraph;
  /** What its card says of it. */
  readonly words: EncoderWords;
}

/**
 * The target encoder, for transformers.js, transformers and timm; beside it the one that is read and what is predicted,
 * where these are not it.
 */
export async function weightsParts(
  config: Config,
  weights: ModelWeights,
  { out, data, engine, log }: Exporting,
): Promise<EncoderParts> {
  const sizes = modelConfig(config);
  const fixed = (graph: Program, flat: Flat<Float32Array>) =>
    fixInputs(graph, weightFeeds({ weights: flat }), engine);
  const { size } = config.image;
  const { normalisation } = config;
  const target = await fixed(encoderGraph(sizes), weights.target);
  const compared = { data: data ?? config.data, size, fit: 'square', normalisation } as const;
  const graphs = await graphInPrecisions(target, compared, engine, log);
  const timm = timmWeights(layouts(sizes).encoder, weights.target, sizes.encoder);
  const safetensors = (tensors: typeof timm) => encodeSafetensors({ tensors, metadata: { format: 'pt' } });
  const files: Files = new Map([
    ['config.json', jsonFile(transformersConfig(sizes.encoder))],
    ['preprocessor_config.json', jsonFile(preprocessorConfig(normalisation, size, 'square'))],
    ['model.safetensors', safetensors(transformersWeights(timm, sizes.encoder))],
    ...graphs.files,
    ['timm/config.json', jsonFile(timmConfig(sizes.encoder, normalisation))],
    ['timm/model.safetensors', safetensors(timm)],
  ]);
  let [read, asked] = [model, model];
  if (config.encoder.trained !== 'none') {
    read = { ...model, graph: 'encoder.onnx' };
    files.set('predictor/encoder.onnx', onnxFile(await fixed(encoderGraph(sizes), weights.encoder)));
  }
  if (config.predictor.targetBlocks > 1) {
    asked = { ...model, graph: 'target.onnx', output: 'target' };
    files.set('predictor/target.onnx', onnxFile(await fixed(targetGraph(sizes), weights.target)));
  }
  return { files, read, target: asked, words: weightsWords(config, nameOf(out), graphs) };
}

/** An encoder that came as an ONNX model: that model, byte for byte. @throws UserError where the run has it no more */
export function programParts(run: string, config: Config, { out }: Exporting): EncoderParts {
  const { normalisation, image } = config;
  const files: Files = new Map([
    ['config.json', jsonFile(programConfig(modelConfig(config).encoder))],
    ['preprocessor_config.json', jsonFile(preprocessorConfig(normalisation, image.size, 'square'))],
    [graphFiles.float32, Object.values(readModels(run, config))],
  ]);
  const { output = model.output, prefix = 0 } = config.encoder.program ?? {};
  const read = { ...model, output, prefix };
  return { files, read, target: read, words: programWords(config, nameOf(out)) };
}
