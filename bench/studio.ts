/**
 * The studio in a real browser. Of its static site: what the first page weighs, and when it shows something (first contentful
 * paint). In the playground: from a moved slider to the new retrieval, milliseconds, the median and the tenth part that takes longest.
 *
 *   node --import tsx bench/studio.ts RUN [--moves 60] [--loads 5]
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { median } from '../src/median.js';
import { buildSite } from '../src/studio/build-site.js';
import { builtPage } from '../src/studio/built-page.js';
import { serveStudio } from '../src/studio/server.js';
import { ShownRuns } from '../src/studio/shown-runs.js';
import { FIRST_PAGE_BYTES, openAt, openPage } from '../test/web/browser.js';

const { values, positionals } = parseArgs({
  options: { moves: { type: 'string', default: '60' }, loads: { type: 'string', default: '5' } },
  allowPositionals: true,
});
const [run = 'runs/demo'] = positionals;
const built = builtPage();

const site = mkdtempSync(join(tmpdir(), 'iwm-site-'));
buildSite(new ShownRuns([run]), built, join(site, 'web'));
const paints: number[] = [];
let bytes = 0;
// A browser of its own each time: nothing is kept from the time before.
for (let load = 0; load < Number(values.loads); load++) {
  const first = await openPage([site], 'web/');
  await first.page.waitForSelector('figure.chart');
  paints.push(
    await first.page.evaluate<number>(
      "performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? NaN",
    ),
  );
  bytes = await first.page.evaluate<number>(FIRST_PAGE_BYTES);
  await first.close();
}
rmSync(site, { recursive: true });
console.log(
  `first page: ${(bytes / 1024).toFixed(0)} KiB without runs, shows something after ${median(paints).toFixed(0)} ms (median of ${paints.length}, ${Math.max(...paints).toFixed(0)} at most)`,
);

const studio = await serveStudio(new ShownRuns([run]), built);
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
