import { createWebEngine, type WebEngineOptions } from '../engine/onnxruntime-web.js';
import { UserError } from '../errors.js';
import { parseJson } from '../json.js';
import { TrainedModel } from '../model/trained-model.js';
import { check, modelConfig } from '../run/config.js';
import { modelWeights } from '../run/model-weights.js';
import { decodeSafetensors, type Weights } from '../run/safetensors.js';
import { layouts } from '../world-model/index.js';
import type { RunSource } from './run-source.js';

/**
 * A trained image world model, ready to use in a page.
 *
 * @example
 * ```ts
 * const model = await WorldModel.load(runAt('/runs/demo'));
 * const latents = await model.encode(pixels);              // pixels: [n, 3, size, size] in 0..1
 * const brighter = await model.predict(latents, { brightness: 0.3 });
 * model.dispose();
 * ```
 */
export class WorldModel extends TrainedModel {
  /**
   * Loads a finished run.
   * @throws UserError where a file of it is missing or damaged
   */
  static async load(run: RunSource, options: WebEngineOptions = {}): Promise<WorldModel> {
    const json = parseJson(new TextDecoder().decode(await run.read('config.json')));
    if (json === undefined) throw new UserError(`${run.name}/config.json is not valid JSON`);
    const config = check(json);
    const file = `${run.name}/model.safetensors`;
    const stored = decodeSafetensors(await run.read('model.safetensors'), file, 'F32') as Weights;
    const weights = modelWeights(stored, layouts(modelConfig(config)), file);
    const { program, source } = config.encoder;
    const models = program && source ? { [source.sha256]: await run.read('encoder.onnx') } : {};
    return new WorldModel(config, await createWebEngine({ ...options, models }), weights);
  }
}
