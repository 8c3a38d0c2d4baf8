import { z } from 'zod';
import { UserError } from '../errors.js';
import type { Config } from '../run/config.js';
import { cropSchema } from '../run/config-schema.js';
import { differences, parseSettings } from '../run/settings.js';
import { type HeadKind, headKinds } from './network/heads.js';
import type { Part, Parts } from './network/network.js';
import { nameTasks } from './tasks/name-tasks.js';
import { suits, type TaskName, taskNames } from './tasks/task.js';

const count = z.int().min(1);
const fraction = z.number().min(0).max(1);

/** Which parts are trained. */
export const tunes = ['head', 'predictor', 'encoder', 'all'] as const;
/** Where the predictor's weights come from; none: the head reads the encoder's latents. */
export const predictorWeights = ['pretrained', 'random', 'none'] as const;
const task = z.strictObject({
  /** Also the name of its head on disk; see {@link nameTasks} where absent. */
  name: z
    .string()
    .regex(/^[a-z0-9][\w-]*$/i, 'a name is made of letters, digits, - and _')
    .optional(),
  task: z.enum(taskNames).default('classification'),
  /** Its sources of images, together. */
  data: z.array(z.string()).min(1).readonly(),
  /** What reads the tokens; attentive to name an image's class, dense to name those of pixels where absent. */
  head: z.enum(headKinds as [HeadKind, ...HeadKind[]]).optional(),
});

const predictor = z.strictObject({
  /** pretrained where the predictor is tuned, none where it is not. */
  weights: z.enum(predictorWeights).optional(),
  /** Its first blocks that compute the context's tokens too; depth − 1 is the published way, and taken where absent. */
  contextBlocks: z.int().min(0).optional(),
  /** Every how many patches, along rows and columns, one is predicted; 1 is the published way. */
  stride: count.default(1),
  /**
   * Share of the latents that it sees in training, drawn anew for every image and step; 1 is the published way. In use
   * it sees all.
   */
  visible: z.number().gt(0).max(1).default(1),
});

/** Measured on held-out images after every so many epochs, a tenth of all where absent, and at the end. */
const measure = z.strictObject({ every: count.optional() });

/** What can be said of an adaptation: the run and the tasks have to be, the rest has defaults. */
export const choicesSchema = z.strictObject({
  /** Folder of the pretrained run. */
  run: z.string(),
  tasks: z.array(task).min(1, 'give a task').readonly(),
  /** Of the losses of several tasks, by name; 1 where absent. Their weighted mean is the loss. */
  weights: z.record(z.string(), z.number().positive()).default({}),
  tune: z.enum(tunes).default('predictor'),
  /** Weights to begin with: of the pretrained target encoder, or random ones. */
  encoder: z.strictObject({ weights: z.enum(['pretrained', 'random']).default('pretrained') }).prefault({}),
  predictor: predictor.prefault({}),
  seed: z
    .int()
    .min(0)
    .max(2 ** 32 - 1)
    .default(0),
  /** Of every task use only so many images, or this share of them; of every class alike, chosen by the seed. */
  limit: count.optional(),
  fraction: z.number().gt(0).max(1).optional(),
  /** Of masks the names of class 0, 1, … and the class that counts for nothing, where no dataset.json tells them. */
  classes: z
    .array(z.string())
    .min(2)
    .max(256)
    .refine((names) => new Set(names).size === names.length, 'two have the same name')
    .optional(),
  ignored: z.int().min(0).max(255).optional(),
  /** Share of the images that may be unreadable: so many are skipped, though always one unless it is 0; one more is an error. */
  badSamples: fraction.default(0.01),
  epochs: count.default(20),
  batch: count.default(64),
  augmentation: z
    .strictObject({
      /** Versions of each training image, cropped and flipped, that are learned from; 0: the image itself. */
      variants: z.int().min(0).default(0),
      crop: cropSchema.default({ scale: [0.5, 1], ratio: [3 / 4, 4 / 3], flip: 0.5 }),
    })
    .prefault({}),
  optimiser: z
    .strictObject({
      /** Of the head and of whatever starts random. */
      learningRate: z.number().positive().default(2e-3),
      /** Share of it that pretrained weights take. */
      pretrained: fraction.default(0.1),
      /** Share of the steps in which the learning rate rises. */
      warmup: fraction.default(0.1),
      /** Learning rate at the end, as a share of its peak. */
      final: fraction.default(0.001),
      betas: z.tuple([z.number().min(0).lt(1), z.number().min(0).lt(1)]).default([0.9, 0.999]),
      weightDecay: z.number().min(0).default(0.05),
      clip: z.number().positive().default(1),
    })
    .prefault({}),
  /**
   * Where a frozen encoder's latents of the training images are kept: on disk beside the run for the next adaptation
   * too, in memory, or nowhere (then, and where they take more than the limit, they are computed in every epoch).
   */
  cache: z
    .strictObject({
      kept: z.enum(['disk', 'memory', 'none']).default('disk'),
      precision: z.enum(['float16', 'float32']).default('float16'),
      /** Most that they may take in memory, and all that lie on disk together. */
      gigabytes: z.number().min(0).default(2),
    })
    .prefault({}),
  measure: measure.prefault({}),
});

/** The same with nothing left open: everything that determines an adaptation, beside the pretrained run. */
export const settingsSchema = choicesSchema.extend({
  tasks: z.array(task.required()).min(1).readonly(),
  predictor: predictor.required(),
  measure: measure.required(),
});

/** What can be said of an adaptation. */
export type AdaptationChoices = z.input<typeof choicesSchema>;
/** A task as a person asks for it. */
export type TaskChoice = AdaptationChoices['tasks'][number];
/** A whole, valid adaptation. */
export type AdaptationSettings = z.output<typeof settingsSchema>;

const usualHead: Readonly<Record<TaskName, HeadKind>> = {
  classification: 'attentive',
  segmentation: 'dense',
  rotation: 'attentive',
};

const isPredictorTuned = (tune: string): boolean => tune === 'predictor' || tune === 'all';

/**
 * The whole settings of an adaptation, and the configuration of its run.
 * @param readRun reads a run's configuration
 * @throws UserError (exit code 2) naming an unknown key, a value out of range, or choices that exclude each other; what
 *   `readRun` throws
 */
export function resolveAdaptation(
  choices: AdaptationChoices,
  readRun: (run: string) => Config,
): { readonly settings: AdaptationSettings; readonly pretraining: Config } {
  const { tasks, predictor, measure, ...said } = parseSettings(choicesSchema, choices);
  const pretraining = readRun(said.run);
  const settings = {
    ...said,
    tasks: nameTasks(tasks).map((each) => ({ ...each, head: each.head ?? usualHead[each.task] })),
    predictor: {
      ...predictor,
      weights: predictor.weights ?? (isPredictorTuned(said.tune) ? 'pretrained' : 'none'),
      contextBlocks: predictor.contextBlocks ?? pretraining.predictor.depth - 1,
    },
    measure: { every: measure.every ?? Math.ceil(said.epochs / 10) },
  };
  checkChoices(settings, pretraining);
  return { settings, pretraining };
}

function checkChoices(settings: AdaptationSettings, pretrained: Config): void {
  const demand = (holds: boolean, message: string): void => {
    if (!holds) throw new UserError(message, 2);
  };
  const { tasks, tune, predictor, limit, fraction: share } = settings;
  checkTasks(settings);
  demand(
    !(isPredictorTuned(tune) && predictor.weights === 'none'),
    `--tune ${tune} tunes a predictor; give --predictor pretrained or random, or --tune ${tune === 'all' ? 'encoder' : 'head'}`,
  );
  demand(
    tune !== 'encoder' || predictor.weights === 'none',
    `--tune encoder has no predictor; leave --predictor ${predictor.weights} out, or give --tune all`,
  );
  if (pretrained.encoder.program !== undefined) {
    demand(
      tune === 'head' || tune === 'predictor',
      `--tune ${tune} tunes the encoder, which is an ONNX model here and stays as it is; give --tune predictor or head`,
    );
    demand(
      settings.encoder.weights === 'pretrained',
      `encoder.weights ${settings.encoder.weights}: the encoder is an ONNX model here and stays as it is; leave it out`,
    );
  }
  for (const key of ['stride', 'visible'] as const)
    demand(
      predictor.weights !== 'none' || predictor[key] === 1,
      `predictor.${key} is a predictor's, and there is none here; leave it out`,
    );
  for (const { task, head } of tasks)
    demand(
      suits(head, task),
      `--head ${head} is not for ${task}; give ${task === 'segmentation' ? 'dense' : 'linear or attentive'}`,
    );
  for (const key of ['classes', 'ignored'] as const)
    demand(
      settings[key] === undefined || tasks.some(({ task }) => task === 'segmentation'),
      `--${key} is of masks; give --task segmentation, or leave it out`,
    );
  demand(
    settings.augmentation.variants === 0 || tasks.every((each) => each.task === 'classification'),
    'augmentation.variants crops and flips images, which changes what masks and angles say; it is for classification, leave it 0 here',
  );
  demand(limit === undefined || share === undefined, 'give either --limit or --fraction, not both');
  demand(
    predictor.contextBlocks < pretrained.predictor.depth,
    `predictor.contextBlocks ${predictor.contextBlocks} must be below the predictor's depth, ${pretrained.predictor.depth}`,
  );
  const side = pretrained.image.size / pretrained.image.patch;
  demand(
    side % predictor.stride === 0,
    `predictor.stride ${predictor.stride} does not divide the ${side} patches of a row`,
  );
}

/** @throws UserError where names of tasks, or what is said by name, do not fit together */
function checkTasks({ tasks, weights, batch }: AdaptationSettings): void {
  const names = tasks.map(({ name }) => name);
  const twice = names.find((name, i) => names.indexOf(name) < i);
  if (twice !== undefined)
    throw new UserError(
      `two tasks are named ${twice}; name them, for example --task ${twice}-2=${tasks[names.lastIndexOf(twice)]?.task}`,
      2,
    );
  const strange = Object.keys(weights).find((name) => !names.includes(name));
  if (strange !== undefined)
    throw new UserError(`weights.${strange}: no task has this name, but ${names.join(', ')}`, 2);
  if (batch < tasks.length)
    throw new UserError(
      `batch ${batch} is too small for ${tasks.length} tasks: each has at least one image in every step`,
      2,
    );
}

/** What settings say beside run and tasks, where it is not the default. */
export function adaptationBeside(settings: AdaptationSettings, pretraining: Config) {
  const { run, tasks, ...own } = settings;
  const { run: _, tasks: __, ...usual } = resolveAdaptation({ run, tasks }, () => pretraining).settings;
  return differences(usual, own);
}

/** The same in a line: `epochs=2 optimiser.pretrained=1`; or nothing. */
export function describeSettings(settings: AdaptationSettings, pretraining: Config): string {
  return adaptationBeside(settings, pretraining)
    .map(({ key, now }) => `${key}=${typeof now === 'string' ? now : JSON.stringify(now)}`)
    .join(' ');
}

/** Of a task's loss. */
export function weightOf({ weights }: Pick<AdaptationSettings, 'weights'>, name: string): number {
  return Object.hasOwn(weights, name) ? (weights[name] as number) : 1;
}

/** Whether the predictor learns a token for each task: it has to be told only where it serves several. */
export const hasTaskTokens = ({ tasks, tune }: Pick<AdaptationSettings, 'tasks' | 'tune'>): boolean =>
  tasks.length > 1 && isPredictorTuned(tune);

/** The parts that are trained, each with the share of the learning rate that it takes. */
export function trainedShares({ tune, encoder, predictor, optimiser }: AdaptationSettings): Parts<number> {
  const share = (weights: string): number => (weights === 'pretrained' ? optimiser.pretrained : 1);
  const shares: Record<Part, number> = {
    encoder: share(encoder.weights),
    predictor: share(predictor.weights),
    heads: 1,
  };
  const parts: Record<AdaptationSettings['tune'], readonly Part[]> = {
    head: ['heads'],
    predictor: ['predictor', 'heads'],
    encoder: ['encoder', 'heads'],
    all: ['encoder', 'predictor', 'heads'],
  };
  return Object.fromEntries(parts[tune].map((part) => [part, shares[part]]));
}
