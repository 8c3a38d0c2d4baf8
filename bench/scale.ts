// What many devices move and wait for, on paper: parameters, bytes and multiply-adds are counted from the traced programs, times
// follow from an α–β model of the network. Writes the tables of docs/scale.md.
//
//   npx tsx bench/scale.ts
import { resolve } from '../src/run/config.js';
import { demands } from '../src/train/estimate.js';
import { planHealth } from '../src/train/health-plan.js';
import { stepConfig, traceStep } from '../src/train/step.js';

/** Images that a device runs in a step, however many devices there are. */
const OWN = 64;
const large = { 'encoder.depth': 24, 'encoder.width': 1024, 'encoder.heads': 16 };
const huge = { 'encoder.depth': 32, 'encoder.width': 1280, 'encoder.heads': 16, 'image.patch': 14 };
const models = { 'ViT-B/16': {}, 'ViT-L/16': large, 'ViT-H/14': huge };

/**
 * Devices and what is between them: multiply-adds a second that a step reaches; seconds a message; bytes a second between
 * devices, and between a device and its host, through whose memory MPI sums.
 */
const networks = [
  { name: 'CPUs, MPI, 10 Gb/s', rate: 0.25e12, latency: 50e-6, bandwidth: 1.25e9, host: Infinity },
  { name: 'GPUs, MPI, 10 Gb/s', rate: 50e12, latency: 50e-6, bandwidth: 1.25e9, host: 25e9 },
  { name: 'GPUs, MPI, 200 Gb/s', rate: 50e12, latency: 5e-6, bandwidth: 25e9, host: 25e9 },
  { name: 'GPUs, NCCL, 200 Gb/s', rate: 50e12, latency: 5e-6, bandwidth: 25e9, host: Infinity },
  {
    name: 'GPUs, NCCL, 8 × 400 Gb/s a host of 8',
    rate: 50e12,
    latency: 5e-6,
    bandwidth: 400e9,
    host: Infinity,
  },
];
/** Bytes that one sum takes: those of src/train/gradient-sums.ts. */
const BUCKET = 2 ** 24;
const COUNTS = [8, 64, 512];

/** Seconds of an all-reduce by halving and doubling, and of the way to the host and back. */
const allReduce = (
  bytes: number,
  n: number,
  { latency, bandwidth, host }: (typeof networks)[number],
): number =>
  2 * Math.ceil(Math.log2(n)) * latency * Math.ceil(bytes / BUCKET) +
  (2 * ((n - 1) / n) * bytes) / bandwidth +
  (2 * bytes) / host;

const counted = Object.entries(models).map(([name, sizes]) => {
  const config = resolve('vit-b16', { ...sizes, batch: OWN, accumulate: 1 });
  const settings = stepConfig(config);
  const found = demands(traceStep(settings), settings, Number.POSITIVE_INFINITY);
  const trained = found.encoderParameters + found.predictorParameters;
  // Weights, two moments, and the encoder's moving average.
  const state = 4 * (3 * trained + found.encoderParameters);
  return { name, sizes, trained, state, gradient: 4 * trained, multiplyAdds: found.multiplyAdds };
});

const row = (cells: readonly (string | number)[]): void => console.log(`| ${cells.join(' | ')} |`);
const table = (head: readonly string[]): void => {
  row(head);
  row(head.map(() => '---'));
};
const giga = (bytes: number): string => (bytes / 1e9).toFixed(2);
const share = (part: number): string => `${(100 * part).toFixed(part < 0.01 ? 2 : 0)} %`;

console.log(
  `\nA step of ${OWN} images a device; GB that a device sends, and holds of the state, of 64 devices:\n`,
);
table([
  'model',
  'parameters',
  'T multiply-adds',
  'sends, data parallel',
  'sends, sharded state',
  'sends, sharded weights too',
  'state, whole',
  'state, sharded',
]);
for (const { name, trained, state, gradient, multiplyAdds } of counted)
  row([
    name,
    `${(trained / 1e6).toFixed(0)} M`,
    (multiplyAdds / 1e12).toFixed(1),
    // All-reduce; reduce-scatter and all-gather; all-gather twice, as the backward pass wants them again.
    giga((2 * gradient * 63) / 64),
    giga((2 * gradient * 63) / 64),
    giga((3 * gradient * 63) / 64),
    giga(state),
    giga(state / 64),
  ]);

console.log(
  '\nWeak scaling, data parallel: share of the devices’ time spent computing, nothing overlapped\n',
);
table(['network', 'model', ...COUNTS.map((n) => `${n} devices`)]);
for (const network of networks)
  for (const { name, gradient, multiplyAdds } of counted) {
    const computing = multiplyAdds / network.rate;
    row([
      network.name,
      name,
      ...COUNTS.map((n) => share(computing / (computing + allReduce(gradient, n, network)))),
    ]);
  }

console.log('\nHealth, which rank 0 measures while the others wait: of the time of 100,000 steps\n');
table(['model', ...COUNTS.map((n) => `${n} devices`)]);
for (const { name, sizes } of counted)
  row([
    name,
    ...COUNTS.map((n) => {
      const config = resolve('vit-b16', { ...sizes, batch: OWN * n, accumulate: n, steps: 100_000 });
      const settings = stepConfig(config);
      const step = demands(traceStep(settings), settings, Number.POSITIVE_INFINITY).multiplyAdds;
      const images = { length: 1_200_000, labels: undefined };
      const plan = planHealth(config, step, { heldOut: { ...images, length: 512 }, bank: images });
      return share(((plan?.multiplyAdds ?? 0) * n) / (config.steps * step));
    }),
  ]);
