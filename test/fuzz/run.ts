// npx tsx test/fuzz/run.ts [inputs] [seed]: damaged inputs for every parser; exit code 1 where one does not refuse well.
import { fuzz } from './fuzz.js';

const [count = 27_000, seed = 0] = process.argv.slice(2).map(Number);
const outcomes = await fuzz(count, seed, (line) => {
  if (/000 /.test(line)) console.error(line);
});
console.log(`${count} damaged inputs, seed ${seed}`);
console.log(
  '| parser | inputs | read | refused | failures | slowest, ms |\n| --- | --: | --: | --: | --: | --: |',
);
for (const { name, inputs, read, refused, failures, slowest } of outcomes)
  console.log(`| ${name} | ${inputs} | ${read} | ${refused} | ${failures.length} | ${Math.round(slowest)} |`);
const failures = outcomes.flatMap((outcome) =>
  outcome.failures.map((failure) => `${outcome.name}: ${failure}`),
);
for (const failure of failures.slice(0, 20)) console.log(failure);
process.exitCode = failures.length > 0 ? 1 : 0;
