/** The library's front for browsers: what runs without Node. */
export { createWebEngine, type WebEngineOptions } from '../engine/onnxruntime-web.js';
export { UserError } from '../errors.js';
export type { Retrieval } from '../evaluate/retrieval.js';
export type { Latents } from '../model/trained-model.js';
export { type Config, presets, resolve } from '../run/config.js';
export { type Action, actionNames } from '../world-model/index.js';
export { type ChosenFile, type RunSource, runAt, runOf } from './run-source.js';
export { WorldModel } from './world-model.js';
