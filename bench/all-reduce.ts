// How long sums over ranks take, by their size, and an α–β model of it: t = α + β × bytes moved, where a rank moves
// 2 (n − 1) / n of the bytes that are summed.
//
//   mpirun -n 2 npx tsx bench/all-reduce.ts [MB …]
//
// In C, to compare with: all-reduce.c.
import { median } from '../src/median.js';
import { openRanks } from '../src/ranks/open-ranks.js';

const REPEATS = 30;
const sizes = process.argv.slice(2).map(Number);
const ranks = await openRanks();
if (ranks.size === 1) throw new Error('start it with mpirun -n 2');
const say = (line: string): void => {
  if (ranks.rank === 0) console.log(line);
};

const points = [];
for (const megabytes of sizes.length > 0 ? sizes : [0.004, 0.04, 0.4, 4, 22, 88]) {
  const numbers = new Float32Array((megabytes * 1e6) / 4);
  const times = [];
  for (let i = 0; i < REPEATS; i++) {
    // All begin together.
    await ranks.sum(new Float32Array(1));
    const began = performance.now();
    await ranks.sum(numbers);
    times.push(performance.now() - began);
  }
  say(
    `Node, ${ranks.size} ranks, ${megabytes} MB: median ${median(times).toFixed(2)} ms, best ${Math.min(...times).toFixed(2)}`,
  );
  points.push({
    moved: (2 * (ranks.size - 1) * numbers.byteLength) / ranks.size,
    seconds: median(times) / 1000,
  });
}
if (points.length > 1) {
  const { latency, perByte } = fit(points);
  say(
    `α ${(latency * 1e6).toFixed(0)} µs, β ${(perByte * 1e9).toFixed(3)} ns a byte (${(1e-9 / perByte).toFixed(2)} GB/s)`,
  );
}
ranks.close();

/** The line through points with the least sum of squared relative errors: small sums count as much as large ones. */
function fit(points: readonly { moved: number; seconds: number }[]): { latency: number; perByte: number } {
  let [ww, wx, wxx, wy, wxy] = [0, 0, 0, 0, 0];
  for (const { moved: x, seconds: y } of points) {
    const weight = 1 / y ** 2;
    ww += weight;
    wx += weight * x;
    wxx += weight * x * x;
    wy += weight * y;
    wxy += weight * x * y;
  }
  const perByte = (ww * wxy - wx * wy) / (ww * wxx - wx ** 2);
  return { latency: (wy - perByte * wx) / ww, perByte };
}
