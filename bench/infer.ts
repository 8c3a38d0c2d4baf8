// How good is `iwm infer`? Pairs of held-out images and versions of them whose action is known; the error by component
// beside a regression, beside the best that pixels alone can do, and beside always guessing the mean. Then chains:
// predictions on predictions, beside the composed action at once. A pair and a chain are a line of the results each;
// those that have their line are not measured again.
// Usage: npx tsx bench/infer.ts --help
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { createEngine } from '../src/engine/create-engine.js';
import { Compiled } from '../src/engine/index.js';
import { fitRidge } from '../src/evaluate/action-r2.js';
import { pooledFeatures } from '../src/evaluate/features.js';
import { allNames } from '../src/evaluate/programs.js';
import { render } from '../src/evaluate/retrieval.js';
import { purpose, random } from '../src/random.js';
import { evaluatorConfig, modelConfig } from '../src/run/config.js';
import { keptIn } from '../src/run/disk/images-file.js';
import { loadModel } from '../src/run/disk/model-file.js';
import { readConfig } from '../src/run/disk/run-folder.js';
import { keptImages } from '../src/run/kept-images.js';
import { openEvaluationSets } from '../src/verbs/evaluation-sets.js';
import { WorldModel } from '../src/verbs/world-model.js';
import {
  type Action,
  actionVector,
  identityParameters,
  layouts,
  readAction,
  sampleJitter,
  sampleParameters,
  transformations,
  type ViewParameters,
} from '../src/world-model/index.js';
import { readLines, root, weightsOf } from './adapt-results.js';
import {
  type ChainLine,
  KINDS,
  type Kind,
  type Line,
  type PairLine,
  render as renderTable,
} from './infer-table.js';
import { searchPixels } from './pixel-search.js';

const help = `npx tsx bench/infer.ts --run RUN [options]
  --data SRC            images to ask about (default: those that the run holds out)
  --pairs 256           of each kind, and chains; of fewer images each is asked more than once
  --fitted 2048         pairs of training images that the regression and the mean are fitted on
  --seed 0              of all draws
  --threads N           as for iwm
  --out FILE            lines (default docs/results/infer.jsonl; the tables lie beside it as .md)
  --render              only write the tables anew`;

const { values } = parseArgs({
  options: {
    run: { type: 'string' },
    data: { type: 'string', multiple: true },
    pairs: { type: 'string', default: '256' },
    fitted: { type: 'string', default: '2048' },
    seed: { type: 'string', default: '0' },
    threads: { type: 'string' },
    out: { type: 'string', default: join(root, 'docs', 'results', 'infer.jsonl') },
    render: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

/** Versions that a chain goes through. */
const LENGTH = 4;
/** Apart from all pairs, for the draws of those that are fitted on. */
const FITTED = 2 ** 20;

interface Views {
  readonly before: ViewParameters;
  readonly after: ViewParameters;
}

async function measure(run: string): Promise<void> {
  const config = readConfig(run);
  const settings = evaluatorConfig(config);
  const { augmentation } = config;
  const { size, stored } = config.image;
  if (size !== stored) throw new Error('only runs whose images are kept at the size of the views');
  const seed = Number(values.seed);
  const weights = loadModel(run, layouts(modelConfig(config)));
  const model = await WorldModel.load(run, values.threads ? { threads: Number(values.threads) } : {});
  const engine = createEngine(values.threads ? { threads: Number(values.threads) } : {});
  const compiled = new Compiled(engine);
  const sets = await openEvaluationSets(config, keptIn(run, keptImages), {
    ...(values.data === undefined ? {} : { data: values.data }),
    seed,
  });
  const setting = {
    weights: weightsOf(run),
    seed,
    asked: sets.description.asked,
    fitted: Number(values.fitted),
  };
  const done = new Set(
    readLines<Line>(values.out)
      .filter((line) =>
        (Object.keys(setting) as (keyof typeof setting)[]).every((key) => line[key] === setting[key]),
      )
      .map(({ kind, number }) => `${kind} ${number}`),
  );
  const missing = (kind: Line['kind']): number[] =>
    Array.from({ length: Number(values.pairs) }, (_, i) => i).filter((i) => !done.has(`${kind} ${i}`));
  const write = (line: Line): void => appendFileSync(values.out, `${JSON.stringify(line)}\n`);
  const image = (number: number): Promise<Float32Array> => sets.asked.batch([number % sets.asked.length]);

  const draw = (kind: Kind, number: number): Views => {
    const [first, second] = [0, 1].map((view) => random(seed, number, view, purpose.evaluate)) as [
      ReturnType<typeof random>,
      ReturnType<typeof random>,
    ];
    if (kind === 'as trained')
      return {
        before: sampleParameters(first, augmentation, 'source'),
        after: sampleParameters(second, augmentation, 'target'),
      };
    return { before: identityParameters, after: sampleJitter(second, augmentation) };
  };

  /** The pooled latents of both views of pairs, in a row each: what {@link measureActionR2} regresses on. */
  const rowsOf = async (images: Float32Array, pairs: readonly Views[]): Promise<Float32Array[]> => {
    const pooled = (views: readonly ViewParameters[]) =>
      pooledFeatures(compiled, settings, weights.target, images, views);
    const [before, after] = [
      await pooled(pairs.map((pair) => pair.before)),
      await pooled(pairs.map((pair) => pair.after)),
    ];
    const { width } = config.encoder;
    return pairs.map((_, i) =>
      Float32Array.from([
        ...before.subarray(i * width, (i + 1) * width),
        ...after.subarray(i * width, (i + 1) * width),
      ]),
    );
  };

  const fit = async (kind: Kind) => {
    const pairs = Array.from({ length: setting.fitted }, (_, i) => draw(kind, FITTED + i));
    const places = Int32Array.from(pairs, (_, i) => i % sets.bank.length);
    const rows = await rowsOf(await sets.bank.batch(places), pairs);
    const vectors = pairs.map(({ before, after }) => actionVector(before, after));
    const mean = vectors[0]?.map(
      (_, at) => vectors.reduce((sum, vector) => sum + (vector[at] ?? 0), 0) / vectors.length,
    );
    return { regress: fitRidge(rows, vectors), mean: decided(mean ?? []) };
  };

  const chains = missing('chain');
  if (chains.length > 0) console.error(`${chains.length} chains`);
  for (const number of chains) write({ kind: 'chain', number, ...setting, ...(await chain(number)) });
  // Both kinds in turns, so that of what was stopped there are as many of each.
  const wanted = KINDS.flatMap((kind) => missing(kind).map((number) => ({ kind, number })));
  wanted.sort((a, b) => a.number - b.number);
  console.error(`${wanted.length} pairs`);
  const fits = new Map<Kind, Awaited<ReturnType<typeof fit>>>();
  for (const { kind, number } of wanted) {
    const { regress, mean } = fits.get(kind) ?? (await fit(kind));
    fits.set(kind, { regress, mean });
    const pixels = await image(number);
    const views = draw(kind, number);
    const before = await render(compiled, settings, pixels, views.before, allNames);
    const after = await render(compiled, settings, pixels, views.after, allNames);
    const [row] = await rowsOf(pixels, [views]);
    const { action, distance, nothing } = await model.infer(before, after);
    const found: PairLine['found'] = {
      infer: action,
      regression: decided(regress(row ? [row] : []).getRow(0)),
      pixels: (await searchPixels(compiled, size, augmentation, before, after)).action,
      mean,
    };
    const truth = readAction(actionVector(views.before, views.after));
    write({ kind, number, ...setting, truth, found, distance, nothing });
  }

  /** From the clean image through random versions of it: predicted one after the other, and each at once. */
  async function chain(number: number): Promise<Pick<ChainLine, 'composed' | 'atOnce' | 'nothing'>> {
    const pixels = await image(number);
    const clean = await model.encode(pixels);
    const far = async (latents: Float32Array, view: ViewParameters): Promise<number> => {
      const wanted = await model.targets(await render(compiled, settings, pixels, view));
      return squaredError(latents, wanted.data);
    };
    const lines = { composed: [] as number[], atOnce: [] as number[], nothing: [] as number[] };
    let [now, last] = [clean, identityParameters];
    const same = await model.predict(clean);
    for (let link = 0; link < LENGTH; link++) {
      const view = sampleJitter(random(seed, number, 2 + link, purpose.evaluate), augmentation);
      const action = (from: ViewParameters): Action => readAction(actionVector(from, view));
      now = await model.predict(now, action(last));
      lines.composed.push(await far(now.data, view));
      lines.atOnce.push(await far((await model.predict(clean, action(identityParameters))).data, view));
      lines.nothing.push(await far(same.data, view));
      last = view;
    }
    return lines;
  }

  model.dispose();
  engine.dispose();
  await sets.close();
}

/** An action from numbers that are no flags: a transformation is said to have happened from ½ up. */
const decided = (vector: ArrayLike<number>): Action =>
  readAction(
    Array.from(vector, (value, at) => (transformations[at]?.kind === 'jitter' ? value : value < 0.5 ? 0 : 1)),
  );

/** What training lowers: averaged over tokens and features. */
const squaredError = (predicted: Float32Array, wanted: Float32Array): number =>
  wanted.reduce((sum, value, i) => sum + ((predicted[i] ?? 0) - value) ** 2, 0) / wanted.length;

if (values.help || (values.run === undefined && !values.render)) {
  console.error(help);
  process.exitCode = values.help ? 0 : 2;
} else {
  mkdirSync(dirname(values.out), { recursive: true });
  if (values.run !== undefined && !values.render) await measure(values.run);
  writeFileSync(values.out.replace(/(\.jsonl)?$/, '.md'), renderTable(readLines<Line>(values.out)));
}
