/**
 * Our pretraining step as a contender of race.ts: the first line on standard input is what to run, each further one
 * asks for that many steps.
 */
import { createInterface } from 'node:readline';
import { createEngine } from '../src/engine/create-engine.js';
import type { Device } from '../src/engine/index.js';
import { createProductRate } from '../src/engine/product-rate.js';
import { findPlugin } from '../src/engine/xla/plugins.js';
import { openClient } from '../src/engine/xla/xla-engine.js';
import { processor } from '../src/processor.js';
import { resolve } from '../src/run/config.js';
import { openTimedSteps } from '../src/speed/timed-steps.js';

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const { preset, set, threads, device } = JSON.parse((await lines.next()).value) as {
  preset: string;
  set: Record<string, unknown>;
  threads: number;
  device: Device;
};
const say = (answer: unknown): void => {
  process.stdout.write(`${JSON.stringify(answer)}\n`);
};

const engine = createEngine({ threads, device });
const timed = await openTimedSteps(resolve(preset, set), engine);
await timed.run();
const product = await createProductRate(engine);
// The plugin at work, as the engine has it.
const client =
  device === 'cpu' || device === 'webgpu' ? undefined : await openClient(device, findPlugin(device));
const hardware = client?.describeDevices()[0]?.kind ?? processor();
say({ ready: true, hardware, multiplyAdds: timed.multiplyAdds });
await timed.settle();
for await (const line of lines) {
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
    peakMemoryBytes: client?.peakMemory ?? process.resourceUsage().maxRSS * 1024,
  });
}
engine.dispose();
await timed.close();
