import type { AdaptedTask } from '../adapt/model/adapted-config.js';
import { loadModel } from '../adapt/model/model-folder.js';
import type { Engine } from '../engine/index.js';
import type { Log } from '../log.js';
import type { Flat } from '../nn/index.js';
import { ijepaConfig, preprocessorConfig, segformerConfig } from './config-files.js';
import { fixInputs } from './fix-inputs.js';
import { type Files, graphInPrecisions, jsonFile } from './graph-files.js';
import { taskGraph, weightFeeds } from './graphs.js';

/**
 * What goes out of an adapted model: for each task a classifier, or of masks a segmenter, as transformers.js loads it; of
 * several tasks each in a folder of its name.
 * @param data images to compare precisions on; those of the task where absent
 * @throws UserError where the folder holds no finished model
 */
export async function adaptedFiles(
  folder: string,
  data: readonly string[] | undefined,
  engine: Engine,
  log: Log,
): Promise<Files> {
  const model = loadModel(folder);
  const all: Files = new Map();
  for (const task of model.config.tasks) {
    const own = await taskFiles(model, task, data, engine, log);
    const prefix = model.config.tasks.length === 1 ? '' : `${task.name}/`;
    for (const [path, parts] of own) all.set(`${prefix}${path}`, parts);
  }
  return all;
}

async function taskFiles(
  { config, network, weights }: ReturnType<typeof loadModel>,
  { name, task, classes, ignored }: AdaptedTask,
  data: readonly string[] | undefined,
  engine: Engine,
  log: Log,
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
  const { files } = await graphInPrecisions(graph, compared, engine, log);
  return new Map([
    [
      'config.json',
      jsonFile(segments ? segformerConfig(classes) : ijepaConfig(network.model.encoder, classes)),
    ],
    ['preprocessor_config.json', jsonFile(preprocessorConfig(normalisation, compared.size, compared.fit))],
    ...files,
  ]);
}
