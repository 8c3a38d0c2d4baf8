/**
 * From a moved slider to the new retrieval in the studio's playground, in a real browser: milliseconds, the median and the
 * tenth part that takes longest.
 *
 *   node --import tsx bench/studio.ts RUN [--moves 60]
 */
import { basename, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { median } from '../src/median.js';
import { builtPage } from '../src/studio/built-page.js';
import { serveStudio } from '../src/studio/server.js';
import { ShownRuns } from '../src/studio/shown-runs.js';
import { openAt } from '../test/web/browser.js';

const { values, positionals } = parseArgs({
  options: { moves: { type: 'string', default: '60' } },
  allowPositionals: true,
});
const [run = 'runs/demo'] = positionals;
const studio = await serveStudio(new ShownRuns([run]), builtPage());
const began = performance.now();
const { page, close } = await openAt(
  `${studio.url}#/playground/${encodeURIComponent(basename(resolve(run)))}`,
);
await page.waitForSelector('.rank', { timeout: 600_000 });
console.log(`open, with the bank's latents: ${((performance.now() - began) / 1000).toFixed(1)} s`);

/** In the page, from the input event to the picture that follows it. */
const move = (slider: number, share: number): Promise<number> =>
  page.evaluate(
    `new Promise((done) => {
      const input = document.querySelectorAll('input[type=range]')[${slider}];
      const began = performance.now();
      const observer = new MutationObserver(() => {
        observer.disconnect();
        requestAnimationFrame(() => done(performance.now() - began));
      });
      observer.observe(document.querySelector('.rank'), { characterData: true, subtree: true, childList: true });
      input.value = Number(input.min) + ${share} * (Number(input.max) - Number(input.min));
      input.dispatchEvent(new Event('input', { bubbles: true }));
      setTimeout(() => done(NaN), 5000);
    })`,
  );

const times: number[] = [];
for (let i = 0; i < Number(values.moves); i++) times.push(await move(i % 4, ((i * 37) % 100) / 100));
const known = times.filter(Number.isFinite).sort((a, b) => a - b);
console.log(
  `${known.length} moves: median ${median(known).toFixed(0)} ms, 90 % within ${known[Math.floor(0.9 * known.length)]?.toFixed(0)} ms`,
);
await close();
await studio.close();
