import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { UserError } from '../../errors.js';
import { readJson } from '../../json-file.js';
import { emptyFlat, type Flat, type Layout } from '../../nn/index.js';
import { type Config, check, evaluatorConfig } from '../../run/config.js';
import { writeAtomically } from '../../run/disk/atomic-file.js';
import { keepModels, type Models } from '../../run/disk/encoder-file.js';
import { keptIn, writeImages } from '../../run/disk/images-file.js';
import { readSafetensors, writeSafetensors } from '../../run/disk/safetensors-file.js';
import { collect, fill, type Section } from '../../run/named-tensors.js';
import type { HeadConfig } from '../network/heads.js';
import {
  type Network,
  networkLayouts,
  type Part,
  type Parts,
  partsOf,
  tokenGrid,
} from '../network/network.js';
import type { AdaptationResult } from '../result.js';
import { type AdaptationSettings, hasTaskTokens, settingsSchema } from '../settings.js';
import { type TaskClasses, type TaskName, taskNames } from '../tasks/task.js';
import { type KeptTaskImages, keptTaskImages } from '../tasks/task-images.js';

/** A task that an adapted model serves. */
export interface AdaptedTask extends TaskClasses {
  readonly name: string;
  readonly task: TaskName;
}

/** What config.json of an adapted model holds: all that is needed to run it, beside its weights. */
export interface AdaptedConfig {
  readonly kind: 'adapted';
  readonly adaptation: AdaptationSettings;
  /** The configuration of the pretrained run. */
  readonly pretraining: Config;
  readonly tasks: readonly AdaptedTask[];
}

const schema = z.strictObject({
  kind: z.literal('adapted'),
  adaptation: settingsSchema,
  pretraining: z.unknown(),
  tasks: z.array(
    z.strictObject({
      name: z.string(),
      task: z.enum(taskNames),
      classes: z.array(z.string()).min(2),
      ignored: z.int().optional(),
    }),
  ),
});

const encode = (document: unknown): Uint8Array =>
  new TextEncoder().encode(`${JSON.stringify(document, null, 2)}\n`);

/** The network that a configuration describes. */
export function networkOf({ adaptation, pretraining, tasks }: Omit<AdaptedConfig, 'kind'>): Network {
  const { model, normalisation, image } = evaluatorConfig(pretraining);
  const { weights, contextBlocks, stride } = adaptation.predictor;
  const predictor = weights === 'none' ? undefined : { contextBlocks, stride };
  const head = ({ name, classes }: AdaptedTask): HeadConfig => {
    const { width, heads } = model.encoder;
    const kind = adaptation.tasks.find((task) => task.name === name)?.head;
    if (kind === undefined) throw new UserError(`task ${name} is none of this model's adaptation`);
    const sizes = { classes: classes.length, width };
    return kind === 'dense'
      ? { kind, ...sizes, ...tokenGrid(model.encoder, predictor) }
      : { kind, ...sizes, heads };
  };
  return {
    model,
    normalisation,
    image,
    predictor,
    tasks: Object.fromEntries(tasks.map((task) => [task.name, head(task)])),
    taskTokens: hasTaskTokens(adaptation),
  };
}

/** Which images a task of a model learned from and is measured on. @throws UserError where nothing says so */
export function readTaskImages(folder: string, task: string): KeptTaskImages {
  return keptIn(folder, z.object({ [task]: keptTaskImages }))[task] as KeptTaskImages;
}

/** @throws UserError where a folder for a new model holds something already */
export function checkFree(folder: string): void {
  if (existsSync(folder) && readdirSync(folder).length > 0)
    throw new UserError(`${folder} exists already; choose another --out`);
}

/** Every part of a network as it lies on disk, its prefix its name. */
function sections(network: Network, flat: (part: Part) => Flat<Float32Array>): Section[] {
  const where = networkLayouts(network);
  return partsOf(network).map((part) => ({
    prefix: part,
    layout: where[part] as Layout<unknown>,
    flat: flat(part),
  }));
}

interface FinishedModel {
  readonly config: AdaptedConfig;
  /** Which each task learned from and is measured on, by its name. */
  readonly images: Readonly<Record<string, KeptTaskImages>>;
  readonly weights: Parts<Flat<Float32Array>>;
  readonly result: AdaptationResult;
  /** What its programs call. */
  readonly models: Models;
}

/**
 * Makes the folder of a finished model: its configuration, the weights of every part, and what came of the adaptation.
 * @throws UserError where something is there already
 */
export function saveModel(folder: string, { config, images, weights, result, models }: FinishedModel): void {
  checkFree(folder);
  mkdirSync(folder, { recursive: true });
  writeAtomically(join(folder, 'config.json'), [encode(config)]);
  keepModels(folder, models);
  writeImages(folder, images);
  writeSafetensors(join(folder, 'model.safetensors'), {
    tensors: collect(sections(networkOf(config), (part) => weights[part] as Flat<Float32Array>)),
    metadata: { format: 'image-world-models' },
  });
  writeAtomically(join(folder, 'result.json'), [encode(result)]);
}

/** Whether a folder holds an adapted model, and not for example a run. */
export function isAdapted(folder: string): boolean {
  const file = join(folder, 'config.json');
  return existsSync(file) && (readJson(file) as { kind?: unknown } | null)?.kind === 'adapted';
}

/** A finished adapted model. @throws UserError where the folder holds none, or a damaged one */
export function loadModel(folder: string): {
  config: AdaptedConfig;
  network: Network;
  weights: Parts<Flat<Float32Array>>;
  result: AdaptationResult;
} {
  if (!isAdapted(folder))
    throw new UserError(`${folder} is no adapted model; give a folder that iwm adapt has made`);
  const parsed = schema.safeParse(readJson(join(folder, 'config.json')));
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new UserError(`${join(folder, 'config.json')}: ${issue?.path.join('.')}: ${issue?.message}`);
  }
  const config: AdaptedConfig = { ...parsed.data, pretraining: check(parsed.data.pretraining) };
  const file = join(folder, 'model.safetensors');
  if (!existsSync(file))
    throw new UserError(`${folder}: its adaptation was not finished (model.safetensors is missing)`);
  const stored = readSafetensors(file);
  const network = networkOf(config);
  const where = networkLayouts(network);
  const parts = sections(network, (part) => emptyFlat(where[part] as Layout<unknown>));
  fill(stored, parts, file);
  return {
    config,
    network,
    weights: Object.fromEntries(parts.map(({ prefix, flat }) => [prefix, flat])),
    result: readJson(join(folder, 'result.json')) as AdaptationResult,
  };
}
