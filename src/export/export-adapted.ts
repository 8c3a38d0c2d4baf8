import type { AdaptedTask } from '../adapt/model/adapted-config.js';
import { loadModel } from '../adapt/model/model-folder.js';
import type { TaskResult } from '../adapt/result.js';
import { UserError } from '../errors.js';
import type { Flat } from '../nn/index.js';
import { preprocessorConfig, segformerConfig, transformersConfig } from './config-files.js';
import { fixInputs } from './fix-inputs.js';
import { type Exporting, type Files, graphInPrecisions, jsonFile, textFile } from './graph-files.js';
import { taskGraph, weightFeeds } from './graphs.js';
import { taskCard } from './task-card.js';

/**
 * What goes out of an adapted model: for each task a classifier, or of masks a segmenter, as transformers.js loads it; of
 * several tasks each in a folder of its name.
 * @throws UserError where the folder holds no finished model, or its encoder is an ONNX model
 */
export async function adaptedFiles(folder: string, exporting: Exporting): Promise<Files> {
  const model = loadModel(folder);
  const { adaptation, pretraining } = model.config;
  if (pretraining.encoder.program !== undefined)
    throw new UserError(
      `${folder}: its encoder is an ONNX model, which goes out as it came and not inside another: export its run, ${adaptation.run}`,
    );
  const all: Files = new Map();
  for (const task of model.config.tasks) {
    const own = await taskFiles(folder, model, task, exporting);
    const prefix = model.config.tasks.length === 1 ? '' : `${task.name}/`;
    for (const [path, parts] of own) all.set(`${prefix}${path}`, parts);
  }
  return all;
}

async function taskFiles(
  folder: string,
  { config, network, weights, result }: ReturnType<typeof loadModel>,
  { name, task, classes, ignored }: AdaptedTask,
  { out, data, engine, log }: Exporting,
): Promise<Files> {
  const parts = Object.fromEntries(
    Object.entries(weights).map(([part, flat]) => [`weights.${part}`, flat as Flat<Float32Array>]),
  );
  const graph = await fixInputs(taskGraph(network, name, ignored), weightFeeds(parts), engine);
  const segments = task === 'segmentation';
  const { normalisation } = network;
  const compared = {
    data: data ?? config.adaptation.tasks.find((each) => each.name === name)?.data ?? [],
    size: network.image.height,
    fit: segments ? 'stretched' : 'square',
    normalisation,
  } as const;
  const graphs = await graphInPrecisions(graph, compared, engine, log);
  const came = result.tasks.find((each) => each.name === name) as TaskResult;
  const card = taskCard({ folder, out }, config.adaptation, config.pretraining, came, classes, graphs);
  return new Map([
    ['README.md', textFile(card)],
    [
      'config.json',
      jsonFile(segments ? segformerConfig(classes) : transformersConfig(network.model.encoder, classes)),
    ],
    ['preprocessor_config.json', jsonFile(preprocessorConfig(normalisation, compared.size, compared.fit))],
    ...graphs.files,
  ]);
}
