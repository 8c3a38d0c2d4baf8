import type { AdaptedTask } from '../adapt/model/adapted-config.js';
import { loadModel } from '../adapt/model/model-folder.js';
import type { TaskResult } from '../adapt/result.js';
import { UserError } from '../errors.js';
import type { Flat } from '../nn/index.js';
import { readModels } from '../run/disk/encoder-file.js';
import type { Models } from '../run/encoder-file.js';
import { OLDEST_OPERATOR_SET, readOnnxHeader } from '../tensor/index.js';
import { preprocessorConfig, taskConfig } from './config-files.js';
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
import { taskGraph, weightFeeds } from './graphs.js';
import { graphTable } from './model-card.js';
import { taskCard } from './task-card.js';

/** An adapted model, and what its graphs call. */
type Adapted = ReturnType<typeof loadModel> & { readonly models: Models };

/**
 * What goes out of an adapted model: for each task a classifier, or of masks a segmenter, as transformers.js loads it; of
 * several tasks each in a folder of its name. An encoder that is an ONNX model is a part of each graph.
 * @throws UserError where the folder holds no finished model, or such an encoder is written in too old an operator set
 */
export async function adaptedFiles(folder: string, exporting: Exporting): Promise<Files> {
  const loaded = loadModel(folder);
  const model = { ...loaded, models: readModels(folder, loaded.config.pretraining) };
  checkOperatorSets(folder, model);
  const all: Files = new Map();
  for (const task of model.config.tasks) {
    const own = await taskFiles(folder, model, task, exporting);
    const prefix = model.config.tasks.length === 1 ? '' : `${task.name}/`;
    for (const [path, parts] of own) all.set(`${prefix}${path}`, parts);
  }
  return all;
}

/** What is computed after an encoder is written in its operator set. */
function checkOperatorSets(folder: string, { models, config }: Adapted): void {
  for (const bytes of Object.values(models)) {
    const { operatorSet: set = OLDEST_OPERATOR_SET } = readOnnxHeader(bytes);
    if (set < OLDEST_OPERATOR_SET)
      throw new UserError(
        `${folder}: its encoder, ${config.pretraining.encoder.source?.name}, is written in operator set ${set} of ONNX, and a head can be joined to ${OLDEST_OPERATOR_SET} or later: begin with one that is exported anew, with opset_version=17`,
      );
  }
}

async function taskFiles(
  folder: string,
  model: Adapted,
  { name, task, classes, ignored }: AdaptedTask,
  exporting: Exporting,
): Promise<Files> {
  const { config, network, weights, models, result } = model;
  const parts = Object.fromEntries(
    Object.entries(weights).map(([part, flat]) => [`weights.${part}`, flat as Flat<Float32Array>]),
  );
  const { out, data, engine, log } = exporting;
  const graph = await fixInputs(taskGraph(network, name, ignored), weightFeeds(parts), engine);
  const segments = task === 'segmentation';
  const { normalisation } = network;
  const compared = {
    data: data ?? config.adaptation.tasks.find((each) => each.name === name)?.data ?? [],
    size: network.image.height,
    fit: segments ? 'stretched' : 'square',
    normalisation,
  } as const;
  const { source, program } = config.pretraining.encoder;
  const graphs = program === undefined ? await graphInPrecisions(graph, compared, engine, log) : undefined;
  const came = result.tasks.find((each) => each.name === name) as TaskResult;
  const card = taskCard(
    { folder, out },
    config.adaptation,
    config.pretraining,
    came,
    classes,
    graphs === undefined
      ? `\`${graphFiles.float32}\`: the encoder, from ${source?.name}, with its nodes and weights as they came, and what was learned on it.`
      : graphTable(graphs),
  );
  return new Map([
    ['README.md', textFile(card)],
    [
      'config.json',
      jsonFile(taskConfig(segments ? 'segmenter' : 'classifier', classes, graphs !== undefined)),
    ],
    ['preprocessor_config.json', jsonFile(preprocessorConfig(normalisation, compared.size, compared.fit))],
    ...(graphs?.files ?? [[graphFiles.float32, onnxFile(graph, models)] as const]),
  ]);
}
