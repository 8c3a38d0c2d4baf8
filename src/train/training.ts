import type { Ranks } from '../ranks/ranks.js';
import { BadSamples } from '../run/bad-samples.js';
import type { Config } from '../run/config.js';
import type { KeptImages } from '../run/kept-images.js';
import type { Health } from '../run/metrics.js';
import { layouts } from '../world-model/index.js';
import { Admission } from './admission.js';
import { Batches } from './batches.js';
import type { Course } from './course.js';
import { allFinite, divergence } from './divergence.js';
import { describeEstimate } from './estimate.js';
import { HealthPanels } from './health-panels.js';
import { digestsOf, keepHeldOut } from './held-out.js';
import { type OwnRuns, ownRuns } from './own-runs.js';
import { rates } from './schedule.js';
import { StepLog } from './step-log.js';
import type { Machine, Surroundings } from './surroundings.js';
import { type Start, startFrom, Trainer, weightsOf } from './trainer.js';
import { Watch, watchEvery } from './watch.js';

/** What a run came to. */
export interface PretrainResult {
  readonly run: string;
  readonly steps: number;
  /** Images seen by the steps of this call. */
  readonly images: number;
  /** Seconds in steps, waiting for input included, health checks and checkpoints not. */
  readonly seconds: number;
  /** 0 where this call had no step to do. */
  readonly imagesPerSecond: number;
  /** Mean over the last logged interval. */
  readonly loss: number;
  /** Share of `seconds` spent waiting for and sampling input. */
  readonly inputShare: number;
  /** Of the model before its first step, and after its last; absent where the run was too short to be measured. */
  readonly before: Health | undefined;
  readonly after: Health | undefined;
}

/** What a run in training is made of. */
interface Parts {
  readonly config: Config;
  readonly ranks: Ranks;
  readonly surroundings: Surroundings;
  readonly own: OwnRuns;
  readonly trainer: Trainer;
  readonly batches: Batches;
  readonly admission: Admission;
  readonly badSamples: BadSamples;
  readonly steps: StepLog;
  /** Absent where health is not measured, or not by this rank. */
  readonly panels: HealthPanels | undefined;
  /** Absent where nobody watches. */
  readonly watch: Watch | undefined;
  /** Its images, without those that it was trained on. */
  readonly kept: KeptImages;
  /** Where it began; the same at every call. */
  readonly begin: () => Promise<Start>;
  /** Step of the newest checkpoint. */
  readonly saved: number | undefined;
}

/** A run in training: its state in the engine, what it is fed, and what is known of it. */
export class Training {
  /** Steps done. */
  done: number;
  readonly #start: number;
  #saved: number | undefined;
  /** Images trained on whose digests are kept. */
  #known: number;

  private constructor(private readonly parts: Parts) {
    this.done = parts.saved ?? 0;
    this.#start = this.done;
    this.#saved = parts.saved;
    this.#known = parts.admission.trained.size;
  }

  /** Where the newest checkpoint stands, or the start; says how long the rest takes. @param resume say from where */
  static async open(
    config: Config,
    course: Course,
    { engine, rate, ranks }: Machine,
    surroundings: Surroundings,
    resume: boolean,
  ): Promise<Training> {
    const { images, store, signal, log } = surroundings;
    const { settings, demands, health, predecessor } = course;
    const begin = async (): Promise<Start> => startFrom(settings, await course.weights());
    const start = await begin();
    // Not before the weights were found to fit: what is refused leaves no folder behind.
    await store.begin(config);
    const saved = await store.load(start.state, layouts(settings.model), log.note);
    const began = performance.now();
    const options = { parted: demands.parted, sharding: config.sharding, ranks };
    const trainer = await Trainer.create(engine, course.program, settings, start, options);
    const compiling = (performance.now() - began) / 1000;
    const done = saved ?? 0;
    await store.forgetAfter(done);
    if (resume)
      log.note(
        `${store.name}: ${saved === undefined ? 'no checkpoint yet, starting afresh' : `going on after step ${done}`}`,
      );
    const badSamples = await BadSamples.open({
      images: images.length,
      share: config.badSamples,
      list: store.badSamples,
      instead: 'begin anew with',
    });
    const onBad = badSamples.add.bind(badSamples);
    const held = await keepHeldOut(images, config.seed, store, onBad, predecessor?.kept);
    const { training, kept } = held;
    const admission = new Admission(training, digestsOf(kept), kept.trained, onBad);
    const own = ownRuns(config, ranks);
    const run = config.batch / config.accumulate;
    const batches = new Batches(training, settings.views, config.seed, run, admission, own);
    const decoding = await batches.timeDecoding(done * own.runs);
    batches.prefetch(done * own.runs);
    const left = config.steps - done;
    log.note(
      describeEstimate({
        steps: (left * demands.multiplyAdds) / rate / ranks.size,
        health: health ? ((left / config.steps) * health.multiplyAdds) / rate + compiling : 0,
        decoding: decoding * Math.min(training.length, (left * config.batch) / ranks.size),
      }),
    );
    const overhead = health ? (health.multiplyAdds * ranks.size) / (config.steps * demands.multiplyAdds) : 0;
    const steps = new StepLog(store, config, log.progress, overhead);
    // The others wait.
    const measured = ranks.rank === 0 ? health : undefined;
    const panels =
      measured && (await HealthPanels.open(config, engine, measured, held, { store, signal, log }));
    const watch =
      surroundings.watch &&
      new Watch(
        config,
        engine,
        held.heldOut,
        watchEvery(config, demands.multiplyAdds),
        surroundings.watch,
        signal,
      );
    const parts = {
      config,
      ranks,
      own,
      surroundings,
      trainer,
      batches,
      admission,
      badSamples,
      steps,
      panels,
      watch,
      kept,
    };
    return new Training({ ...parts, begin, saved });
  }

  /** One step. @throws UserError where its numbers are not finite; as {@link Batches.get} */
  async update(): Promise<void> {
    const { config, own, trainer, batches, steps } = this.parts;
    const began = performance.now();
    const inputs = [];
    for (let i = 0; i < own.runs; i++) inputs.push(await batches.get(this.done * own.runs + i));
    const fed = performance.now();
    const now = rates(config, this.done);
    const result = await trainer.update(inputs, now);
    const seconds = (performance.now() - began) / 1000;
    if (!Number.isFinite(result.loss) || !Number.isFinite(result.gradientNorm))
      throw await this.#divergence(this.done + 1, 'loss or gradient');
    this.done += 1;
    await steps.add(this.done, result, now, { seconds, inputSeconds: (fed - began) / 1000 });
  }

  /** Writes a checkpoint, where there is none of this step. @throws UserError where a weight is not finite */
  async save(): Promise<void> {
    if (this.#saved === this.done) return;
    const { config, ranks, surroundings, trainer, admission, kept } = this.parts;
    const { store } = surroundings;
    await admission.share(ranks);
    const now = await trainer.state();
    if (!allFinite(now)) throw await this.#divergence(this.done, 'a weight');
    // Before the weights that have seen them, so that none is ever taken for unseen.
    if (admission.trained.size !== this.#known)
      await store.saveImages({ ...kept, trained: [...admission.trained] });
    this.#known = admission.trained.size;
    await store.save(this.done, now, trainer.layouts, config.checkpoint.keep);
    this.#saved = this.done;
  }

  /** Measures health, where it is and was not yet after this step. @throws UserError where a weight is not finite */
  async measure(): Promise<void> {
    const { trainer, panels, begin } = this.parts;
    // A run that was killed after a measurement need not repeat it.
    if (panels === undefined || panels.at(this.done)) return;
    const weights = await trainer.weights();
    if (!allFinite(weights)) throw await this.#divergence(this.done, 'a weight');
    if (panels.at(0) === undefined) {
      await panels.add(weightsOf(await begin()), 0);
    }
    await panels.add(weights, this.done);
  }

  /** Shows what is retrieved by now, where somebody watches and it is time for it. */
  async show(): Promise<void> {
    const { trainer, watch } = this.parts;
    await watch?.after(this.done, () => trainer.weights());
  }

  /** Keeps the model and says which images were left out. */
  async finish(): Promise<PretrainResult> {
    const { config, surroundings, trainer, admission, badSamples, steps, panels } = this.parts;
    const { store, log } = surroundings;
    await store.saveModel(await trainer.weights(), trainer.layouts);
    for (const skipped of [badSamples.describe(), admission.describe()])
      if (skipped !== undefined) log.note(skipped);
    const images = (this.done - this.#start) * config.batch;
    const last = (await store.metrics()).findLast((line) => line.kind === 'step');
    return {
      run: store.name,
      steps: config.steps,
      images,
      seconds: steps.seconds,
      imagesPerSecond: images / (steps.seconds || 1),
      loss: last?.loss ?? Number.NaN,
      inputShare: steps.inputSeconds / (steps.seconds || 1),
      before: panels?.at(0),
      after: panels?.at(config.steps),
    };
  }

  #divergence(step: number, what: string): ReturnType<typeof divergence> {
    return divergence(this.parts.surroundings.store, this.parts.config, step, what);
  }
}
