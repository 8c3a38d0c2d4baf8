import { z } from 'zod';
import { UserError } from '../../errors.js';
import { emptyFlat, type Flat, type Layout } from '../../nn/index.js';
import { type Config, evaluatorConfig } from '../../run/config.js';
import { parseConfig } from '../../run/config-file.js';
import { fill, type Section } from '../../run/named-tensors.js';
import type { Weights } from '../../run/safetensors.js';
import type { HeadConfig } from '../network/heads.js';
import {
  type Network,
  networkLayouts,
  type Part,
  type Parts,
  partsOf,
  tokenGrid,
} from '../network/network.js';
import { type AdaptationSettings, hasTaskTokens, settingsSchema } from '../settings.js';
import { type TaskClasses, type TaskName, taskNames } from '../tasks/task.js';

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

/**
 * What config.json of an adapted model says.
 * @param file for messages
 * @throws UserError naming what it lacks, or has too much
 */
export function parseAdapted(json: unknown, file: string): AdaptedConfig {
  const parsed = schema.safeParse(json);
  if (parsed.success) return { ...parsed.data, pretraining: parseConfig(parsed.data.pretraining, file) };
  const issue = parsed.error.issues[0];
  throw new UserError(`${file}: ${issue?.path.join('.')}: ${issue?.message}`);
}

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

/** Every part of a network as it lies on disk, its prefix its name. */
export function sections(network: Network, flat: (part: Part) => Flat<Float32Array>): Section[] {
  const where = networkLayouts(network);
  return partsOf(network).map((part) => ({
    prefix: part,
    layout: where[part] as Layout<unknown>,
    flat: flat(part),
  }));
}

/**
 * An adapted model's weights, from their names on disk to flat vectors.
 * @param file for messages
 * @throws UserError naming the tensors that are missing, of another shape, or none of the model's
 */
export function adaptedWeights(stored: Weights, network: Network, file: string): Parts<Flat<Float32Array>> {
  const where = networkLayouts(network);
  const parts = sections(network, (part) => emptyFlat(where[part] as Layout<unknown>));
  fill(stored, parts, file);
  return Object.fromEntries(parts.map(({ prefix, flat }) => [prefix, flat]));
}
