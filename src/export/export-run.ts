import { modelConfig } from '../run/config.js';
import { folderStore } from '../run/disk/folder-files.js';
import { loadModel } from '../run/disk/model-file.js';
import { readConfig } from '../run/disk/run-folder.js';
import type { Health } from '../run/metrics.js';
import { layouts } from '../world-model/index.js';
import { actionVocabulary } from './action-vocabulary.js';
import { encoderCard } from './encoder-card.js';
import { programParts, weightsParts } from './encoder-parts.js';
import { fixInputs } from './fix-inputs.js';
import { type Exporting, type Files, jsonFile, onnxFile, textFile } from './graph-files.js';
import { predictorGraph, weightFeeds } from './graphs.js';

/**
 * What goes out of a finished run: its target encoder, whose latents are the better features, and the predictor, with the
 * encoder that it was trained to read.
 * @throws UserError where the run is not finished
 */
export async function runFiles(run: string, exporting: Exporting): Promise<Files> {
  const config = readConfig(run);
  const model = modelConfig(config);
  const weights = loadModel(run, layouts(model));
  const encoder =
    config.encoder.program === undefined
      ? await weightsParts(config, weights, exporting)
      : programParts(run, config, exporting);
  const predictor = await fixInputs(
    predictorGraph(model),
    weightFeeds({ weights: weights.predictor }),
    exporting.engine,
  );
  const metrics = await folderStore(run).metrics();
  const health = metrics.findLast(({ kind }) => kind === 'health') as Health | undefined;
  return new Map([
    ['README.md', textFile(encoderCard({ run, out: exporting.out }, config, health, encoder.words))],
    ...encoder.files,
    ['predictor/predictor.json', jsonFile(actionVocabulary(config, encoder))],
    ['predictor/predictor.onnx', onnxFile(predictor)],
  ]);
}
