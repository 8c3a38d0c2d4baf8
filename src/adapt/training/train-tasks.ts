import { Compiled, type Engine } from '../../engine/index.js';
import type { Log } from '../../log.js';
import type { Flat } from '../../nn/index.js';
import type { Program } from '../../tensor/index.js';
import type { Images, Inputs } from '../inputs/inputs.js';
import { type LatentsCost, openInputs } from '../inputs/open-inputs.js';
import { predictLogits } from '../inputs/predictions.js';
import { variedImages } from '../inputs/varied-images.js';
import type { HeadConfig } from '../network/heads.js';
import type { Network, Parts } from '../network/network.js';
import { describeHeadline, headline, type Score } from '../scores/score.js';
import type { AdaptationSettings } from '../settings.js';
import type { Targets } from '../tasks/task.js';
import type { TaskImages } from '../tasks/task-images.js';
import { Batches, type LessonData } from './batches.js';
import { type Costs, countCosts } from './costs.js';
import { type Plan, planTraining } from './plan.js';
import { traceStep } from './step.js';
import { Trainer } from './trainer.js';
import { type Trained, trainingLoop } from './training-loop.js';

/** A task with its opened images and its head. */
export interface OpenTask extends Pick<TaskImages, 'training' | 'heldOut'> {
  readonly name: string;
  readonly head: HeadConfig;
}

/** What training on the tasks came to; scores are in the tasks' order. */
export interface TrainedTasks extends Trained<readonly Score[]> {
  readonly plan: Plan;
  readonly costs: Costs;
  readonly latents: LatentsCost | undefined;
  /** Of every part. */
  readonly weights: Parts<Flat<Float32Array>>;
}

/**
 * Trains a network on its tasks.
 * @param start weights of every part
 * @throws UserError for what cannot be read, and where the loss is not finite
 */
export async function trainTasks(
  settings: AdaptationSettings,
  network: Network,
  start: Parts<Flat<Float32Array>>,
  tasks: readonly OpenTask[],
  engine: Engine,
  { out, log }: { readonly out: string; readonly log: Log },
): Promise<TrainedTasks> {
  const compiled = new Compiled(engine);
  const targets = await readTargets(tasks, log);
  const sets = tasks.map((task) => ({ ...task, training: { images: versionsOf(task, settings, compiled) } }));
  const encoder = start.encoder as Flat<Float32Array>;
  const inputs = await openInputs(settings, network, encoder, sets, compiled, log);
  const sizes = tasks.map(({ name, training }) => ({ name, images: training.images.length }));
  const plan = planTraining(settings, network, sizes, inputs.kind);
  const program = traceStep(plan.step) as unknown as Program;
  const trainer = await Trainer.create(engine, program, plan.step, start);
  const weights = async (): Promise<Parts<Flat<Float32Array>>> => ({
    ...start,
    ...(await trainer.weights()),
  });
  const measure = async (): Promise<readonly Score[]> => {
    const now = await weights();
    const scores: Score[] = [];
    for (const [i, { name, heldOut, head }] of tasks.entries()) {
      const answers = predictLogits(compiled, network, name, now, inputs.heldOut[i] as Inputs);
      scores.push(await heldOut.measure(answers, head, compiled));
    }
    return scores;
  };
  const data = tasks.map(({ name, training }, i) => [
    name,
    lessonData(inputs.training[i] as Inputs, targets[i] as Targets, training.images.length),
  ]);
  const trained = await trainingLoop(
    trainer,
    new Batches(plan.step, Object.fromEntries(data), settings.seed),
    {
      settings,
      steps: plan.steps,
      measure,
      describe: (scores) => scores.map((score) => describeHeadline(headline(score))).join(', '),
      out,
      log,
    },
  );
  const costs = countCosts(plan.step, program);
  return { ...trained, plan, costs, latents: inputs.latents, weights: await weights() };
}

/** What is to be learned of each task's images. */
async function readTargets(tasks: readonly OpenTask[], log: Log): Promise<Targets[]> {
  const targets: Targets[] = [];
  for (const { name, training, head } of tasks)
    targets.push(
      await training.targets(
        head,
        (done) =>
          log.progress(`reads what is to be learned of ${name}: image ${done} of ${training.images.length}`),
        (text) => log.note(`${name}: ${text}`),
      ),
    );
  return targets;
}

/** The training images as they are, or in versions where these are asked for. */
const versionsOf = (
  { training: { images } }: OpenTask,
  { augmentation }: AdaptationSettings,
  compiled: Compiled,
): Images => (augmentation.variants === 0 ? images : variedImages(images, augmentation, compiled));

/** All versions of an image are taught the same. */
const lessonData = (inputs: Inputs, targets: Targets, images: number): LessonData => ({
  inputs,
  targets: (chosen) => targets(chosen.map((at) => at % images)),
  epoch: images,
});
