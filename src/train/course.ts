import { describeImages } from '../data/image-set.js';
import { namesOf } from '../data/known-images.js';
import type { Engine } from '../engine/index.js';
import { UserError } from '../errors.js';
import type { Ranks } from '../ranks/ranks.js';
import type { Config } from '../run/config.js';
import { describeConfig } from '../run/describe-config.js';
import { checkSameImages } from '../run/kept-images.js';
import type { Predecessor } from '../run/predecessor.js';
import { layouts, type ModelWeights } from '../world-model/index.js';
import { type Demands, demands, describeDemands } from './estimate.js';
import { healthProtocol, UNMEASURED } from './health.js';
import { type HealthPlan, planHealth } from './health-plan.js';
import { holdOut } from './held-out.js';
import { checkPrecision } from './precision.js';
import { type StepConfig, stepConfig, traceStep } from './step.js';
import type { Surroundings } from './surroundings.js';
import { initialWeights } from './trainer.js';

/** What a run does, planned before its first step. */
export interface Course {
  readonly settings: StepConfig;
  /** The step, traced from the settings. */
  readonly program: ReturnType<typeof traceStep>;
  readonly demands: Demands;
  /** Absent where health is not measured. */
  readonly health: HealthPlan | undefined;
  /** The run whose weights it begins with, where there is one. */
  readonly predecessor: Predecessor | undefined;
  /** What it begins with, the caller's to change; the same at every call. */
  readonly weights: () => Promise<ModelWeights>;
}

/** What a plan depends on beside the configuration. */
export interface Circumstances extends Pick<Surroundings, 'images' | 'store' | 'encoder'> {
  /** Bytes that the process may use. */
  readonly memory: number;
  readonly engine: Pick<Engine, 'devices' | 'compile' | 'device'>;
  readonly ranks: Ranks;
  /** Is told what is planned. */
  readonly note: (line: string) => void;
}

/**
 * Plans a run by its configuration and its images, never by a clock, so that it can be repeated and gone on with.
 * @throws UserError for images that are too few, or not those that the run began with, a step that cannot fit, and a
 *   precision that the engine does not have
 */
export async function planCourse(
  config: Config,
  { images, store, encoder, memory, engine, ranks, note }: Circumstances,
): Promise<Course> {
  // Where the weights to begin with cannot be had, that is told first.
  const predecessor = config.from && (await store.predecessor(config.from));
  note(describeImages(images));
  note(`configuration: ${describeConfig(config)}; all of it in ${store.name}/config.json`);
  const kept = await store.images();
  if (kept !== undefined) checkSameImages(store.name, kept, namesOf(images));
  if (images.length < 2)
    throw new UserError(`${images.source}: too few images to train on (${images.length})`);
  const settings = stepConfig(config, ranks);
  const devices = await engine.devices();
  if (settings.batch % devices !== 0)
    throw new UserError(
      `batch ${config.batch}${config.accumulate > 1 ? ` / accumulate ${config.accumulate}` : ''}${ranks.size > 1 ? ` / ${ranks.size} ranks` : ''} is not divisible by the ${devices} devices that share it out`,
      2,
    );
  await checkPrecision(engine, config.precision);
  const program = traceStep(settings);
  const counted = demands(program, settings, memory, ranks.size > 1);
  note(describeDemands(counted));
  const sets = holdOut(images, config.seed, predecessor?.kept);
  const health = planHealth(config, counted.multiplyAdds, sets);
  note(health === undefined ? UNMEASURED : healthProtocol(health, config.seed));
  const weights = async (): Promise<ModelWeights> => {
    const parts = layouts(settings.model);
    const theirs = await predecessor?.weights(parts);
    return theirs ?? initialWeights(settings, config.seed, encoder?.(parts.encoder));
  };
  return { settings, program, demands: counted, health, predecessor, weights };
}
