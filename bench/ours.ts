/** Our pretraining step as a contender of race.ts: a line on standard input asks for that many steps. */
import { createInterface } from 'node:readline';
import { createEngine } from '../src/engine/index.js';
import { resolve } from '../src/train/config.js';
import { createProductRate } from '../src/train/product-rate.js';
import { openTimedSteps } from '../src/train/timed-steps.js';

const { preset, set, threads } = JSON.parse(process.argv[2] ?? '') as {
  preset: string;
  set: Record<string, unknown>;
  threads: number;
};
const say = (answer: unknown): void => {
  process.stdout.write(`${JSON.stringify(answer)}\n`);
};

const engine = createEngine({ threads });
const timed = await openTimedSteps(resolve(preset, set), engine);
await timed.run();
const product = await createProductRate(engine);
say({ ready: true });
for await (const line of createInterface({ input: process.stdin })) {
  const times: number[] = [];
  const inputs: number[] = [];
  for (let i = 0; i < Number(line); i++) {
    const { whole, input } = await timed.run();
    times.push(whole);
    inputs.push(input);
  }
  say({
    milliseconds: times,
    inputMilliseconds: inputs,
    productMultiplyAdds: await product.measure(5),
    peakMemoryBytes: process.resourceUsage().maxRSS * 1024,
  });
}
engine.dispose();
await timed.close();
