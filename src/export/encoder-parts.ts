import type { Flat } from '../nn/index.js';
import { type Config, modelConfig } from '../run/config.js';
import { readModels } from '../run/disk/encoder-file.js';
import { encodeSafetensors } from '../run/safetensors.js';
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

/** The graph that goes out, from where the predictor lies. */
const besidePredictor = { graph: `../${graphFiles.float32}`, output: 'last_hidden_state' } as const;

/** What goes out of a run's encoder. */
export interface EncoderParts {
  readonly files: Files;
  /** The graph whose latents the predictor reads, from where the predictor lies. */
  readonly read: string;
  /** The graph, and its output, that a prediction comes near, from where the predictor lies. */
  readonly target: { readonly graph: string; readonly output: string };
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
  const model = modelConfig(config);
  const encoder = (flat: Flat<Float32Array>) =>
    fixInputs(encoderGraph(model), weightFeeds({ weights: flat }), engine);
  const { size } = config.image;
  const { normalisation } = config;
  const target = await encoder(weights.target);
  const compared = { data: data ?? config.data, size, fit: 'square', normalisation } as const;
  const graphs = await graphInPrecisions(target, compared, engine, log);
  const timm = timmWeights(layouts(model).encoder, weights.target, model.encoder);
  const safetensors = (tensors: typeof timm) => encodeSafetensors({ tensors, metadata: { format: 'pt' } });
  const own = config.encoder.trained === 'none' ? undefined : await encoder(weights.encoder);
  const predicted =
    config.encoder.targetBlocks === 1
      ? undefined
      : await fixInputs(targetGraph(model), weightFeeds({ weights: weights.target }), engine);
  const files: Files = new Map([
    ['config.json', jsonFile(transformersConfig(model.encoder))],
    ['preprocessor_config.json', jsonFile(preprocessorConfig(normalisation, size, 'square'))],
    ['model.safetensors', safetensors(transformersWeights(timm, model.encoder))],
    ...graphs.files,
    ['timm/config.json', jsonFile(timmConfig(model.encoder, normalisation))],
    ['timm/model.safetensors', safetensors(timm)],
    ...(own === undefined ? [] : [['predictor/encoder.onnx', onnxFile(own)] as const]),
    ...(predicted === undefined ? [] : [['predictor/target.onnx', onnxFile(predicted)] as const]),
  ]);
  const read = own === undefined ? besidePredictor.graph : 'encoder.onnx';
  const asked = predicted === undefined ? besidePredictor : { graph: 'target.onnx', output: 'target' };
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
  const output = config.encoder.program?.output ?? besidePredictor.output;
  return {
    files,
    read: besidePredictor.graph,
    target: { ...besidePredictor, output },
    words: programWords(config, nameOf(out)),
  };
}
