import { type ImageSet, openImages } from '../data/images.js';
import { createEngine } from '../engine/index.js';
import { loadModel } from '../train/checkpoint.js';
import { modelConfig, viewsConfig } from '../train/config.js';
import { readConfig } from '../train/run-folder.js';
import { layouts } from '../train/step.js';
import type { TransformationName } from '../world-model/index.js';
import { RIDGE } from './action-r2.js';
import { createEvaluator, type KnnResult, type MrrResult } from './evaluator.js';
import { VOTE_TEMPERATURE } from './knn.js';
import { jitterNames } from './programs.js';
import { verdict } from './verdict.js';

/** Everything measured of a run, and how. */
export interface Evaluation {
  readonly run: string;
  readonly mrr: MrrResult & { readonly byAction: Readonly<Record<string, MrrResult>> };
  readonly actionR2: Readonly<Record<TransformationName, number>>;
  /** Absent where images or bank have no labels, or other classes. */
  readonly knn?: KnnResult;
  readonly rankMe: number;
  readonly featureDeviation: number;
  readonly verdict: string;
  readonly protocol: Readonly<Record<string, string | number>>;
}

export interface EvaluateOptions {
  /** Images to measure on; the run's own source where left out. Its validation split where it has one, else all. */
  readonly data?: readonly string[];
  /** Labelled images that k-NN searches; the run's training data where left out. */
  readonly bank?: string;
  /** Images whose versions are ranked. */
  readonly images?: number;
  readonly seed?: number;
  readonly threads?: number;
  readonly log?: { progress(line: string): void; note(text: string): void };
}

const BANK = 256;
const ACTIONS = 16;
const NEIGHBOURS = 20;
/** Images for R² and the spectrum. */
const SPECTRUM_IMAGES = 2048;
/** Images of each by-transformation MRR. */
const BY_ACTION_IMAGES = 64;

const range = (count: number): Int32Array => Int32Array.from({ length: count }, (_, i) => i);

async function openHeldOut(sources: readonly string[], size: number): Promise<ImageSet> {
  try {
    return await openImages(sources, { size, split: 'validation' });
  } catch {
    return openImages(sources, { size });
  }
}

/**
 * Measures a finished run: MRR (also by transformation), action R², k-NN, RankMe, feature deviation.
 * @throws UserError where the run or the images cannot be read
 */
export async function evaluateRun(run: string, options: EvaluateOptions = {}): Promise<Evaluation> {
  const { seed = 0, threads, log } = options;
  const config = readConfig(run);
  const model = modelConfig(config);
  const weights = loadModel(run, layouts(model));
  const size = config.image.stored;
  const asked = await openHeldOut(options.data ?? config.data, size);
  const limit = options.bank === undefined && config.limit !== undefined ? { limit: config.limit } : {};
  const bank = await openImages(options.bank === undefined ? config.data : [options.bank], {
    size,
    ...limit,
  });
  const engine = createEngine(threads === undefined ? {} : { threads });
  try {
    log?.note(`images: ${asked.description}`);
    const evaluator = await createEvaluator(engine, {
      model,
      normalisation: config.normalisation,
      augmentation: config.augmentation,
      image: viewsConfig(config).image,
    });
    const count = Math.min(options.images ?? 256, asked.length);
    const images = await asked.batch(range(count));
    const protocolOf = { bank: BANK, actions: ACTIONS, seed };
    log?.progress(`MRR over ${count} images`);
    const mrr = await evaluator.mrr(weights, images, protocolOf);
    const byAction: Record<string, MrrResult> = {};
    const few = images.subarray(0, (images.length / count) * Math.min(count, BY_ACTION_IMAGES));
    for (const vary of jitterNames) {
      log?.progress(`MRR with only ${vary} varied`);
      byAction[vary] = await evaluator.mrr(weights, few, { ...protocolOf, vary });
    }
    log?.progress('features');
    const features = async (set: ImageSet, most: number): Promise<Float32Array> => {
      const out = new Float32Array(Math.min(most, set.length) * model.encoder.width);
      for (let first = 0; first < out.length / model.encoder.width; first += 1024) {
        const indices = range(Math.min(1024, out.length / model.encoder.width - first)).map((i) => first + i);
        out.set(await evaluator.features(weights, await set.batch(indices)), first * model.encoder.width);
      }
      return out;
    };
    const latents = await features(asked, asked.length);
    const spectrum = latents.subarray(0, Math.min(SPECTRUM_IMAGES, asked.length) * model.encoder.width);
    const actionR2 = await evaluator.actionR2(
      weights,
      await asked.batch(range(Math.min(SPECTRUM_IMAGES, asked.length))),
      { seed },
    );
    const sameClasses = asked.classes !== undefined && asked.classes.join('\n') === bank.classes?.join('\n');
    if (sameClasses) log?.progress(`k-NN in ${bank.length} images`);
    const knn =
      sameClasses && asked.labels && bank.labels
        ? await evaluator.knn(await features(bank, bank.length), bank.labels, latents, asked.labels, {
            k: NEIGHBOURS,
          })
        : undefined;
    const signs = {
      rankMe: evaluator.rankMe(spectrum),
      featureDeviation: evaluator.featureDeviation(spectrum),
      ...(knn === undefined ? {} : { knn: knn.accuracy }),
    };
    return {
      run,
      mrr: { ...mrr, byAction },
      actionR2,
      ...(knn === undefined ? {} : { knn }),
      rankMe: signs.rankMe,
      featureDeviation: signs.featureDeviation,
      verdict: verdict(signs),
      protocol: {
        images: asked.description,
        bank: bank.description,
        seed,
        mrr: `${count} whole images × ${ACTIONS} actions; bank of ${BANK} versions by colour jitter at the training strengths, every jitter applied, by the target encoder, standardised per token; prediction from the clean image by the encoder, all positions; rank = 1 + closer + equal; mean per-token cosine (l2: squared L2 over all tokens)`,
        byAction: `as mrr, ${few.length / (images.length / count)} images, only the named jitter varied`,
        actionR2: `ridge ${RIDGE} a row on standardised pooled target-encoder latents of two views, first half of ${Math.min(SPECTRUM_IMAGES, asked.length)} images fitted, R² on the second`,
        knn: `k = ${NEIGHBOURS}, cosine of mean-pooled target-encoder latents, votes weighted exp(cosine / ${VOTE_TEMPERATURE})`,
        rankMe: `first ${Math.min(SPECTRUM_IMAGES, asked.length)} images, mean-pooled target-encoder latents, not centred`,
      },
    };
  } finally {
    engine.dispose();
    await Promise.all([asked.close(), bank.close()]);
  }
}

/** An evaluation in words. */
export function describeEvaluation({
  run,
  mrr,
  actionR2,
  knn,
  rankMe,
  featureDeviation,
  verdict: says,
  protocol,
}: Evaluation): string {
  const list = (values: Readonly<Record<string, number>>): string =>
    Object.entries(values)
      .map(([name, value]) => `${name} ${value.toFixed(3)}`)
      .join(', ');
  const byAction = Object.fromEntries(Object.entries(mrr.byAction).map(([name, { value }]) => [name, value]));
  return [
    `${run}`,
    `MRR        ${mrr.value.toFixed(3)} ± ${mrr.standardError.toFixed(3)} (L2 ${mrr.l2.toFixed(3)}; chance ${mrr.chance.toFixed(3)}, bank ${mrr.bank}, ${mrr.images} images × ${mrr.actions} actions)`,
    `  by action ${list(byAction)}`,
    `action R²  ${list(actionR2)}`,
    knn === undefined
      ? 'k-NN       – (needs labels of the same classes in images and bank)'
      : `k-NN       ${(100 * knn.accuracy).toFixed(1)} % ± ${(100 * knn.standardError).toFixed(1)} (k = ${knn.k}, bank ${knn.bank}, ${knn.asked} asked)`,
    `RankMe     ${rankMe.toFixed(1)}, feature deviation ${featureDeviation.toFixed(3)}`,
    `verdict    ${says}`,
    'protocol',
    ...Object.entries(protocol).map(([name, value]) => `  ${name}: ${value}`),
  ].join('\n');
}
