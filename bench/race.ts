/**
 * The same pretraining step here, in PyTorch and in JAX, side by side: every round asks each contender in turn for a few
 * steps, so that whatever else the machine does hits all alike. Medians over all steps.
 *
 *   npx tsx bench/race.ts --preset cifar --python python3 --out docs/results/race-cifar.json
 */
import { writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { median } from '../src/median.js';
import { resolve } from '../src/run/config.js';
import { type Contender, jax, ours, torch } from './contender.js';

const { values } = parseArgs({
  options: {
    preset: { type: 'string', default: 'cifar' },
    set: { type: 'string', multiple: true, default: [] },
    rounds: { type: 'string', default: '15' },
    steps: { type: 'string', default: '4' },
    python: { type: 'string', default: 'python3' },
    only: { type: 'string', multiple: true },
    /** Ours on another engine, too, such as xla:cpu. */
    device: { type: 'string' },
    out: { type: 'string' },
  },
});
const rounds = Number(values.rounds);
const given = values.set.map(
  (text) => [text.split('=')[0], JSON.parse(text.slice(text.indexOf('=') + 1))] as const,
);
const set = {
  data: ['synthetic'],
  ...Object.fromEntries(given),
  // What the peers' predictors have.
  'predictor.conditioning': 'feature',
  'predictor.targetBlocks': 1,
};
const threads = availableParallelism();
const config = resolve(values.preset, set);

const mine = (device: string) => (): Contender =>
  ours(`ours float32 on ${device}`, { preset: values.preset, set, threads, device });
const peer = (compile: boolean, bfloat16: boolean) => (): Contender =>
  torch(values.python, config, { compile, bfloat16, device: 'cpu' });
const field: Record<string, () => Contender> = {
  ours: mine('cpu'),
  ...(values.device === undefined ? {} : { [`ours on ${values.device}`]: mine(values.device) }),
  eager: peer(false, false),
  compile: peer(true, false),
  'eager-bf16': peer(false, true),
  'compile-bf16': peer(true, true),
  jax: () => jax(values.python, config, false),
  'jax-bf16': () => jax(values.python, config, true),
};

const contenders: Contender[] = [];
for (const [name, create] of Object.entries(field)) {
  // All is compared with ours.
  if (!name.startsWith('ours') && values.only !== undefined && !values.only.includes(name)) continue;
  // One after another: what starts alone is timed alone.
  const contender = create();
  await contender.start();
  console.error(`${contender.name}: first step after ${contender.firstStepSeconds.toFixed(1)} s`);
  contenders.push(contender);
}
for (const contender of contenders) await contender.run(Number(values.steps), false);
for (let round = 0; round < rounds; round++) {
  for (const contender of contenders) await contender.run(Number(values.steps), true);
  console.error(`round ${round + 1}/${rounds}`);
}
for (const contender of contenders) await contender.stop();

const first = contenders[0] as Contender;
const work = 2 * first.multiplyAdds;
const product = (2 * median(first.products)) / 1e9;
const rows = contenders.map((contender) => {
  const milliseconds = median(contender.times);
  return {
    name: contender.name,
    version: contender.version,
    milliseconds,
    imagesPerSecond: (1000 * config.batch) / milliseconds,
    gflops: work / milliseconds / 1e6,
    fractionOfMatmul: work / milliseconds / 1e6 / product,
    oursIsFasterBy: milliseconds / median(first.times),
    peakMemoryMiB: contender.peakMemoryBytes / 2 ** 20,
    firstStepSeconds: contender.firstStepSeconds,
    inputShare: contender.inputs.length > 0 ? median(contender.inputs) / milliseconds : undefined,
  };
});
const result = {
  preset: values.preset,
  set,
  threads,
  rounds,
  steps: Number(values.steps),
  matmulGflops: product,
  rows,
};
if (values.out !== undefined) writeFileSync(values.out, `${JSON.stringify(result, null, 1)}\n`);
console.log(
  `| ${values.preset} | ms | images/s | GFLOP/s | of the product rate | ours faster by | peak MiB | first step |`,
);
console.log('| --- | --- | --- | --- | --- | --- | --- | --- |');
for (const row of rows)
  console.log(
    `| ${row.name} ${row.version} | ${row.milliseconds.toFixed(1)} | ${row.imagesPerSecond.toFixed(0)} | ` +
      `${row.gflops.toFixed(0)} | ${(100 * row.fractionOfMatmul).toFixed(0)} % | ${row.oursIsFasterBy.toFixed(2)} | ` +
      `${row.peakMemoryMiB.toFixed(0)} | ${row.firstStepSeconds.toFixed(1)} s |`,
  );
