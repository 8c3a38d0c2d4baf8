/**
 * Training in a page beside Node's: images a second in turns, in WebAssembly with as many threads as there are cores, then the
 * whole preset in the page, with its MRR and how long it took.
 *
 *   node --import tsx bench/page.ts [--preset demo] [--rounds 3] [--steps 150]
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { median } from '../src/median.js';
import { processor } from '../src/processor.js';
import { type Config, resolve } from '../src/run/config.js';
import type { PretrainResult } from '../src/train/pretraining.js';
import { pretrain } from '../src/verbs/pretrain.js';
import type * as web from '../src/web/index.js';
import { openPage } from '../test/web/browser.js';
import { buildFront } from '../test/web/front.js';

const { values } = parseArgs({
  options: {
    preset: { type: 'string', default: 'demo' },
    rounds: { type: 'string', default: '3' },
    steps: { type: 'string', default: '150' },
  },
});
const data = ['synthetic'];
const folder = mkdtempSync(join(tmpdir(), 'iwm-page-'));
await buildFront(folder);
const { page, close } = await openPage([folder, 'node_modules/onnxruntime-web/dist']);

const trainInPage = (name: string, config: Config): Promise<PretrainResult> =>
  page.evaluate(
    async ({ name, config }) => {
      const module = '/web.js';
      const { drawnImages, pretrain, storedRun } = (await import(module)) as typeof web;
      const images = drawnImages(config.data[0] ?? '', { size: config.image.stored }) as web.ImageSet;
      return pretrain(config, { run: storedRun(name), images, wasm: '/', device: 'cpu' });
    },
    { name, config },
  );

const short = resolve(values.preset, { data, steps: Number(values.steps) });
const [node, tab]: [number[], number[]] = [[], []];
for (let round = 0; round < Number(values.rounds); round++) {
  node.push((await pretrain(short, { out: join(folder, `node-${round}`) })).imagesPerSecond);
  tab.push((await trainInPage(`short-${round}`, short)).imagesPerSecond);
}
console.log(`${processor()}, ${cpus().length} cores`);
console.log(
  `${values.preset}, ${values.steps} steps in turns: Node ${median(node).toFixed(0)} images/s, page ${median(tab).toFixed(0)}`,
);
const began = performance.now();
const { after, seconds } = await trainInPage('whole', resolve(values.preset, { data }));
console.log(
  `whole run in the page: ${((performance.now() - began) / 60_000).toFixed(1)} min (steps ${(seconds / 60).toFixed(1)}), MRR ${after?.mrr.toFixed(3)} ± ${after?.mrrStandardError?.toFixed(3)}`,
);
await close();
rmSync(folder, { recursive: true });
