import type { Flat } from '../nn/index.js';
import { modelConfig } from '../run/config.js';
import { folderStore } from '../run/disk/folder-files.js';
import { loadModel } from '../run/disk/model-file.js';
import { readConfig } from '../run/disk/run-folder.js';
import type { Health } from '../run/metrics.js';
import { encodeSafetensors } from '../run/safetensors.js';
import { layouts } from '../world-model/index.js';
import { actionVocabulary } from './action-vocabulary.js';
import { preprocessorConfig, timmConfig, transformersConfig } from './config-files.js';
import { timmWeights, transformersWeights } from './encoder-names.js';
import { fixInputs } from './fix-inputs.js';
import {
  type Exporting,
  type Files,
  graphFiles,
  graphInPrecisions,
  jsonFile,
  onnxFile,
  textFile,
} from './graph-files.js';
import { encoderGraph, predictorGraph, weightFeeds } from './graphs.js';
import { encoderCard } from './model-card.js';

/**
 * What goes out of a finished run: its target encoder, whose latents are the better features, for transformers.js,
 * transformers and timm; and the predictor, with the encoder that it was trained to read.
 * @throws UserError where the run is not finished
 */
export async function runFiles(run: string, { out, data, engine, log }: Exporting): Promise<Files> {
  const config = readConfig(run);
  const model = modelConfig(config);
  const weights = loadModel(run, layouts(model));
  const encoder = (flat: Flat<Float32Array>) =>
    fixInputs(encoderGraph(model), weightFeeds({ weights: flat }), engine);
  const { size } = config.image;
  const { normalisation } = config;
  const target = await encoder(weights.target);
  const compared = { data: data ?? config.data, size, fit: 'square', normalisation } as const;
  const graphs = await graphInPrecisions(target, compared, engine, log);
  const metrics = await folderStore(run).metrics();
  const health = metrics.findLast(({ kind }) => kind === 'health') as Health | undefined;
  const timm = timmWeights(layouts(model).encoder, weights.target, model.encoder);
  const safetensors = (tensors: typeof timm) => encodeSafetensors({ tensors, metadata: { format: 'pt' } });
  const predictor = await fixInputs(
    predictorGraph(model),
    weightFeeds({ weights: weights.predictor }),
    engine,
  );
  const own = config.encoder.trained === 'none' ? undefined : await encoder(weights.encoder);
  const vocabulary = actionVocabulary(
    config,
    own === undefined ? `../${graphFiles.float32}` : 'encoder.onnx',
  );
  return new Map([
    ['README.md', textFile(encoderCard({ run, out }, config, health, graphs))],
    ['config.json', jsonFile(transformersConfig(model.encoder))],
    ['preprocessor_config.json', jsonFile(preprocessorConfig(normalisation, size, 'square'))],
    ['model.safetensors', safetensors(transformersWeights(timm, model.encoder))],
    ...graphs.files,
    ['timm/config.json', jsonFile(timmConfig(model.encoder, normalisation))],
    ['timm/model.safetensors', safetensors(timm)],
    ['predictor/predictor.json', jsonFile(vocabulary)],
    ['predictor/predictor.onnx', onnxFile(predictor)],
    ...(own === undefined ? [] : [['predictor/encoder.onnx', onnxFile(own)] as const]),
  ]);
}
