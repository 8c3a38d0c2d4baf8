/** The library's front for browsers: what runs without Node. */
export { drawnImages } from '../data/drawn-images.js';
export type { ImageSet } from '../data/image-set.js';
export { createWebEngine, type WebEngineOptions } from '../engine/onnxruntime-web.js';
export { UserError } from '../errors.js';
export { describeEvaluation, type Evaluation } from '../evaluate/evaluation.js';
export type { Retrieval } from '../evaluate/retrieval.js';
export type { Log } from '../log.js';
export type { Latents } from '../model/trained-model.js';
export { type Config, presets, resolve } from '../run/config.js';
export type { RunFiles, RunSource } from '../run/run-files.js';
export type { PretrainResult } from '../train/pretraining.js';
export { type Action, actionNames } from '../world-model/index.js';
export { type EvaluateOptions, evaluate } from './evaluate.js';
export { type PretrainOptions, pretrain } from './pretrain.js';
export { type ChosenFile, type ChosenRun, runAt, runOf } from './run-source.js';
export { filesOf, keepRun } from './run-transfer.js';
export { removeStoredRun, storedRun, storedRuns } from './stored-runs.js';
export { WorldModel } from './world-model.js';
