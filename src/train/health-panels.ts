import { everyIndex } from '../data/known-images.js';
import type { Engine } from '../engine/index.js';
import { createEvaluator } from '../evaluate/evaluator.js';
import type { Log } from '../log.js';
import { type Config, evaluatorConfig } from '../run/config.js';
import type { Health } from '../run/metrics.js';
import type { RunStore } from '../run/run-store.js';
import type { ModelWeights } from '../world-model/index.js';
import { describeHealth, type HealthCheck, measureHealth } from './health.js';
import type { HealthPlan } from './health-plan.js';
import type { HeldOutImages } from './held-out.js';

interface Surroundings {
  readonly store: Pick<RunStore, 'metrics' | 'addMetric'>;
  readonly signal: AbortSignal | undefined;
  readonly log: Log;
}

/** The measurements of a run: those that it has already, and those still to be made. */
export class HealthPanels {
  #check: Promise<HealthCheck> | undefined;

  private constructor(
    private readonly panels: Health[],
    private readonly prepare: () => Promise<HealthCheck>,
    private readonly surroundings: Surroundings,
  ) {}

  /** Reads what was measured already. Programs are compiled, and the bank is decoded, at the first measurement. */
  static async open(
    config: Config,
    engine: Engine,
    plan: HealthPlan,
    { heldOut, readBank }: Pick<HeldOutImages, 'heldOut' | 'readBank'>,
    surroundings: Surroundings,
  ): Promise<HealthPanels> {
    const { store, signal } = surroundings;
    const panels = (await store.metrics()).flatMap(({ kind, ...line }) =>
      kind === 'health' ? [line as Health] : [],
    );
    const prepare = async (): Promise<HealthCheck> => ({
      evaluator: await createEvaluator(engine, evaluatorConfig(config), signal),
      heldOut: heldOut.subset(everyIndex(heldOut).slice(0, plan.asked)),
      bank: await readBank(plan.bank),
      ranked: plan.ranked,
      seed: config.seed,
      kept: config.encoder.trained === 'none' ? new Map() : undefined,
    });
    return new HealthPanels(panels, prepare, surroundings);
  }

  /** What was measured after so many steps. */
  at(step: number): Health | undefined {
    return this.panels.find((panel) => panel.step === step);
  }

  /** Measures weights as they were after so many steps, keeps it and says it. */
  async add(weights: ModelWeights, step: number): Promise<void> {
    this.#check ??= this.prepare();
    const { store, log } = this.surroundings;
    const panel = await measureHealth(await this.#check, weights, step, this.at(0));
    this.panels.push(panel);
    await store.addMetric({ kind: 'health', ...panel });
    log.note(describeHealth(panel));
  }
}
