import type { Engine } from '../engine/index.js';
import type { Log } from '../log.js';
import type { Flat } from '../nn/index.js';
import { modelConfig } from '../run/config.js';
import { loadModel } from '../run/disk/model-file.js';
import { readConfig } from '../run/disk/run-folder.js';
import { encodeSafetensors } from '../run/safetensors.js';
import { layouts } from '../world-model/index.js';
import { actionVocabulary } from './action-vocabulary.js';
import { ijepaConfig, preprocessorConfig, timmConfig } from './config-files.js';
import { timmWeights, transformersWeights } from './encoder-names.js';
import { fixInputs } from './fix-inputs.js';
import { type Files, graphFiles, graphInPrecisions, jsonFile, onnxFile } from './graph-files.js';
import { encoderGraph, predictorGraph, weightFeeds } from './graphs.js';

/**
 * What goes out of a finished run: its target encoder, whose latents are the better features, for transformers.js,
 * transformers and timm; and the predictor, with the encoder that it was trained to read.
 * @param data images to compare precisions on; the run's own where absent
 * @throws UserError where the run is not finished
 */
export async function runFiles(
  run: string,
  data: readonly string[] | undefined,
  engine: Engine,
  log: Log,
): Promise<Files> {
  const config = readConfig(run);
  const model = modelConfig(config);
  const weights = loadModel(run, layouts(model));
  const encoder = (flat: Flat<Float32Array>) =>
    fixInputs(encoderGraph(model), weightFeeds({ weights: flat }), engine);
  const { size } = config.image;
  const { normalisation } = config;
  const target = await encoder(weights.target);
  const compared = { data: data ?? config.data, size, fit: 'square', normalisation } as const;
  const { files } = await graphInPrecisions(target, compared, engine, log);
  const timm = timmWeights(layouts(model).encoder, weights.target, model.encoder);
  const safetensors = (tensors: typeof timm) => encodeSafetensors({ tensors, metadata: { format: 'pt' } });
  const predictor = await fixInputs(
    predictorGraph(model),
    weightFeeds({ weights: weights.predictor }),
    engine,
  );
  const own = config.encoder.frozen ? undefined : await encoder(weights.encoder);
  const vocabulary = actionVocabulary(
    config,
    own === undefined ? `../${graphFiles.float32}` : 'encoder.onnx',
  );
  return new Map([
    ['config.json', jsonFile(ijepaConfig(model.encoder))],
    ['preprocessor_config.json', jsonFile(preprocessorConfig(normalisation, size, 'square'))],
    ['model.safetensors', safetensors(transformersWeights(timm))],
    ...files,
    ['timm/config.json', jsonFile(timmConfig(model.encoder, normalisation))],
    ['timm/model.safetensors', safetensors(timm)],
    ['predictor/predictor.json', jsonFile(vocabulary)],
    ['predictor/predictor.onnx', onnxFile(predictor)],
    ...(own === undefined ? [] : [['predictor/encoder.onnx', onnxFile(own)] as const]),
  ]);
}
