// Where is the rank lost? Of a run's predictions, in the protocol of its MRR: by component of the action, by image, by
// position asked, by size of the bank; and of the error of a prediction the part that counts, along the changes that
// jitters make. Printed as Markdown.
// Usage: npx tsx bench/rank-lost.ts --help
import { parseArgs } from 'node:util';
import { createEngine } from '../src/engine/create-engine.js';
import { Compiled } from '../src/engine/index.js';
import { bankParameters, jitterNames } from '../src/evaluate/bank.js';
import { traceAnswers, traceVersions } from '../src/evaluate/programs.js';
import { chance, meanAndError, rankOf } from '../src/evaluate/ranks.js';
import { median } from '../src/median.js';
import { purpose, random } from '../src/random.js';
import { evaluatorConfig, modelConfig } from '../src/run/config.js';
import { keptIn } from '../src/run/disk/images-file.js';
import { loadModel } from '../src/run/disk/model-file.js';
import { readConfig } from '../src/run/disk/run-folder.js';
import { keptImages } from '../src/run/kept-images.js';
import { openEvaluationSets } from '../src/verbs/evaluation-sets.js';
import {
  actionSize,
  actionVector,
  identityParameters,
  layouts,
  packParameters,
  targetWidth,
  tokenCount,
  type ViewParameters,
} from '../src/world-model/index.js';

const help = `npx tsx bench/rank-lost.ts --run RUN [options]
  --data SRC      images to ask about (default: those that the run holds out)
  --images 64     whole images
  --seed 0        of all draws
  --threads N     as for iwm`;

const { values } = parseArgs({
  options: {
    run: { type: 'string' },
    data: { type: 'string', multiple: true },
    images: { type: 'string', default: '64' },
    seed: { type: 'string', default: '0' },
    threads: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help || values.run === undefined) {
  console.log(help);
  process.exit(values.help ? 0 : 2);
}

const BANK = 256;
const ACTIONS = 16;
const CHUNK = 64;
const seed = Number(values.seed);
const config = readConfig(values.run);
const settings = evaluatorConfig(config);
const weights = loadModel(values.run, layouts(modelConfig(config)));
const sets = await openEvaluationSets(config, keptIn(values.run, keptImages), {
  ...(values.data && { data: values.data }),
  seed,
});
const compiled = new Compiled(createEngine({ threads: values.threads ? Number(values.threads) : undefined }));
const side = settings.model.encoder.image;
const tokens = tokenCount(settings.model.encoder);
const grid = Math.sqrt(tokens);
const width = targetWidth(settings.model);
const images = Math.min(Number(values.images), sets.asked.length);

async function latentsOf(image: Float32Array, versions: readonly ViewParameters[]): Promise<Float32Array> {
  const all = new Float32Array(versions.length * tokens * width);
  for (let first = 0; first < versions.length; first += CHUNK) {
    const chunk = versions.slice(first, first + CHUNK);
    const { latents } = await compiled.run(
      `versions ${chunk.length}`,
      () => traceVersions(settings, chunk.length),
      {
        image,
        parameters: packParameters(chunk, jitterNames, side),
        weights: weights.target,
      },
    );
    all.set(latents, first * tokens * width);
  }
  return all;
}

async function answersOf(image: Float32Array, versions: readonly ViewParameters[]): Promise<Float32Array> {
  const action = new Float32Array(versions.length * actionSize);
  for (const [i, version] of versions.entries())
    actionVector(identityParameters, version, action, i * actionSize);
  const { answers } = await compiled.run(
    `answers ${versions.length}`,
    () => traceAnswers(settings, versions.length),
    {
      image,
      action,
      weights: { encoder: weights.encoder, predictor: weights.predictor },
    },
  );
  return answers;
}

const at = (x: Float32Array, row: number, token: number): Float32Array =>
  x.subarray((row * tokens + token) * width, (row * tokens + token + 1) * width);
const dot = (a: Float32Array, b: Float32Array): number =>
  a.reduce((sum, value, i) => sum + value * (b[i] as number), 0);
const cosine = (a: Float32Array, b: Float32Array): number => dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));

/** Which positions, or how many versions, are counted. */
const places = Array.from({ length: tokens }, (_, i) => i);
const edge = places.filter((i) =>
  [i % grid, Math.floor(i / grid)].some((place) => place === 0 || place === grid - 1),
);
const inside = places.filter((i) => !edge.includes(i));
const centre = places.filter((i) =>
  [i % grid, Math.floor(i / grid)].every((place) => Math.abs(place - (grid - 1) / 2) < 1),
);
const parts = { all: places, edge, inside, [`the ${centre.length} in the middle`]: centre };
const banks = [16, 64, 256];

/** Lists by name, each empty until something is put in. */
class Lists {
  readonly #lists = new Map<string, number[]>();

  of(name: string | number): number[] {
    const list = this.#lists.get(String(name)) ?? [];
    this.#lists.set(String(name), list);
    return list;
  }
}

const [byPart, byBank, retrieved, changed, wrongly, along] = Array.from({ length: 6 }, () => new Lists()) as [
  Lists,
  Lists,
  Lists,
  Lists,
  Lists,
  Lists,
];
const byImage: number[] = [];
const own: number[] = [];

for (let k = 0; k < images; k++) {
  const image = await sets.asked.batch([k]);
  const versions = bankParameters(settings.augmentation, BANK, seed, k);
  const asked = random(seed, k, purpose.evaluate).permutation(BANK).subarray(0, ACTIONS);
  const bank = await latentsOf(image, versions);
  const answers = await answersOf(
    image,
    Array.from(asked, (i) => versions[i] as ViewParameters),
  );
  // Of every answer and version, token by token: all that is counted below are sums of some of these.
  const cosines = Array.from(asked, (_, row) =>
    versions.map((_, i) => places.map((token) => cosine(at(answers, row, token), at(bank, i, token)))),
  );
  const ranksOf = (chosen: readonly number[], count: number): number[] =>
    Array.from(asked, (right, row) => {
      // A smaller bank: the right version and the first others.
      const others = versions.map((_, i) => i).filter((i) => i !== right);
      const rows = [right, ...others.slice(0, count - 1)];
      const scores = rows.map((i) =>
        chosen.reduce((sum, token) => sum + (cosines[row]?.[i]?.[token] as number), 0),
      );
      if (chosen === places && count === BANK) {
        const nearest = versions[rows[scores.indexOf(Math.max(...scores))] as number] as ViewParameters;
        for (const name of jitterNames)
          retrieved.of(name).push(Math.abs(nearest[name] - (versions[right] as ViewParameters)[name]));
      }
      return 1 / rankOf(Float32Array.from(scores), 0);
    });
  for (const [name, chosen] of Object.entries(parts)) byPart.of(name).push(...ranksOf(chosen, BANK));
  for (const count of banks) byBank.of(count).push(...ranksOf(places, count));
  byImage.push(meanAndError(byPart.of('all').slice(-ACTIONS)).mean);

  // Versions that differ in one component, and the error along that change.
  const base = versions.slice(0, ACTIONS);
  const moved = jitterNames.map((name) =>
    base.map((version, i) => ({
      ...version,
      [name]: (versions[ACTIONS + i] as ViewParameters)[name],
    })),
  );
  const [before, told] = [await latentsOf(image, base), await answersOf(image, base)];
  for (const [c, name] of jitterNames.entries()) {
    const after = await latentsOf(image, moved[c] as ViewParameters[]);
    const toldAfter = await answersOf(image, moved[c] as ViewParameters[]);
    const size = tokens * width;
    for (let i = 0; i < ACTIONS; i++) {
      let [change, error, product, off] = [0, 0, 0, 0];
      for (let x = i * size; x < (i + 1) * size; x++) {
        const real = (after[x] as number) - (before[x] as number);
        const said = (toldAfter[x] as number) - (told[x] as number);
        const wrong = (told[x] as number) - (before[x] as number);
        change += real * real;
        error += (said - real) ** 2;
        product += wrong * real;
        off += wrong * wrong;
      }
      changed.of(name).push(change / size);
      wrongly.of(name).push(error / size);
      along.of(name).push(Math.abs(product) / change);
      own.push(off / size);
    }
  }
}
await sets.close();

const mean = (x: readonly number[]): number => meanAndError(x).mean;
const sorted = [...byImage].sort((a, b) => a - b);
const quantile = (share: number): number => sorted[Math.floor(share * (sorted.length - 1))] as number;
const three = (x: number): string => x.toFixed(3);
const { strength, jitter } = settings.augmentation;
const told = meanAndError(byImage);
console.log(
  `MRR ${three(told.mean)} ± ${three(told.standardError ?? Number.NaN)}: ${images} whole images × ${ACTIONS} actions, bank of ${BANK} at strength ${strength}, seed ${seed}, chance ${three(chance(BANK))}`,
);
console.log('\n| component | error of what is retrieved ¹ | change ² | wrong of it | along it, median ³ |');
console.log('| --- | --- | --- | --- | --- |');
for (const name of jitterNames) {
  // Two numbers drawn alike in a range are a third of it apart.
  const guess = (2 / 3) * strength * jitter[name as keyof typeof jitter];
  console.log(
    `| ${name} | ${(mean(retrieved.of(name)) / guess).toFixed(2)} | ${three(mean(changed.of(name)))} | ${(mean(wrongly.of(name)) / mean(changed.of(name))).toFixed(2)} | ${median(along.of(name)).toFixed(2)} |`,
  );
}
console.log(
  `\n¹ As a share of a random version's. ² Mean square of the latents' change where that component alone is another; a prediction's own mean squared error is ${three(mean(own))}. ³ The prediction's error along that change, in changes: from .5 on the other version is nearer.\n`,
);
console.log('| by | | MRR |\n| --- | --- | --- |');
for (const share of [0, 0.1, 0.25, 0.5, 0.75, 1])
  console.log(`| image | quantile ${share} | ${three(quantile(share))} |`);
for (const name of Object.keys(parts))
  console.log(`| position | ${name} | ${three(mean(byPart.of(name)))} |`);
for (const count of banks)
  console.log(`| bank | ${count} (chance ${three(chance(count))}) | ${three(mean(byBank.of(count)))} |`);
process.exit(0);
