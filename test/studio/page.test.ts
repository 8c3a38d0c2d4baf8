import assert from 'node:assert/strict';
import {
  appendFileSync,
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { after, before, test } from 'node:test';
import type { AxeResults } from 'axe-core';
import sharp from 'sharp';
import { adapt } from '../../src/adapt/adapt.js';
import { AdaptedModel } from '../../src/adapt/model/adapted-model.js';
import { evaluateAdapted } from '../../src/adapt/model/evaluate-adapted.js';
import { openImages } from '../../src/data/images.js';
import { resolve } from '../../src/run/config.js';
import { buildSite } from '../../src/studio/build-site.js';
import { builtPage } from '../../src/studio/built-page.js';
import { type ServedStudio, serveStudio } from '../../src/studio/server.js';
import { ShownRuns } from '../../src/studio/shown-runs.js';
import { pretrain } from '../../src/verbs/pretrain.js';
import { WorldModel } from '../../src/verbs/world-model.js';
import { drawStreets } from '../adapt/tiny-streets.js';
import { tiny } from '../train/tiny-run.js';
import { browserPath, FIRST_PAGE_BYTES, type OpenPage, openAt, openPage } from '../web/browser.js';

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
const skip =
  browserPath === undefined
    ? 'no Chromium found; CHROMIUM can name one'
    : major === 20 && minor < 19
      ? 'Vite needs Node 20.19'
      : false;

const folder = mkdtempSync(join(tmpdir(), 'iwm-studio-'));
const [runs, run, streets] = ['runs', 'runs/tiny', 'streets'].map((path) => join(folder, path)) as [
  string,
  string,
  string,
];
let page: string;
let studio: ServedStudio;
let opened: OpenPage;

before(async () => {
  if (skip) return;
  page = builtPage();
  await pretrain(resolve('demo', { ...tiny, steps: 30, 'health.every': 15, 'health.images': 8 }), {
    out: run,
  });
  await adapt(
    { run, tasks: [{ data: ['synthetic:60'] }], epochs: 1, cache: { kept: 'none' } },
    { out: join(runs, 'shapes') },
  );
  await drawStreets(streets, 24, 6);
  await adapt(
    { run, tasks: [{ task: 'segmentation', data: [streets] }], epochs: 1, cache: { kept: 'none' } },
    { out: join(runs, 'streets') },
  );
  studio = await serveStudio(new ShownRuns([runs]), page);
  opened = await openAt(studio.url);
});
after(async () => {
  await opened?.close();
  await studio?.close();
  rmSync(folder, { recursive: true });
});

const go = async (hash: string): Promise<void> => {
  await opened.page.goto(studio.url + hash);
};

/** What a canvas shows, as a data URL. */
const picture = (selector: string): Promise<string> =>
  opened.page
    .locator(selector)
    .evaluate((canvas) => (canvas as unknown as { toDataURL(): string }).toDataURL());

/** Waits until what a function gives satisfies a condition. */
async function until<T>(get: () => Promise<T>, holds: (value: T) => boolean, most = 300): Promise<T> {
  for (let tries = 0; tries < most; tries++) {
    const value = await get();
    if (holds(value)) return value;
    await new Promise((done) => setTimeout(done, 50));
  }
  throw new Error(`never came; last ${JSON.stringify(await get()).slice(-600)}`);
}

/** A picture that has been the same for a second. */
async function settled(selector: string): Promise<string> {
  let [last, same] = [await picture(selector), 0];
  const now = (): Promise<string> => picture(selector);
  return until(now, (seen) => {
    same = seen === last ? same + 1 : 0;
    last = seen;
    return same >= 20;
  });
}

/** Drops files on the page, of folders where their names are paths. */
const drop = (files: Readonly<Record<string, Uint8Array>>): Promise<unknown> =>
  opened.page.evaluate(`{
    const dataTransfer = new DataTransfer();
    for (const [name, bytes] of ${JSON.stringify(
      Object.entries(files).map(([name, bytes]) => [name, Buffer.from(bytes).toString('base64')]),
    )})
      dataTransfer.items.add(
        new File([Uint8Array.from(atob(bytes), (c) => c.charCodeAt(0))], name, {
          type: name.endsWith('.png') ? 'image/png' : '',
        }),
      );
    document.body.dispatchEvent(new DragEvent('drop', { dataTransfer, bubbles: true, cancelable: true }));
  }`);

/** What lies in a folder, by paths that begin with its name. */
const folderOf = (path: string): Readonly<Record<string, Uint8Array>> =>
  Object.fromEntries(
    readdirSync(path, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => {
        const file = join(entry.parentPath, entry.name);
        return [relative(dirname(path), file), readFileSync(file)];
      }),
  );

const says = (text: RegExp): Promise<string> =>
  until(
    async () => ((await opened.page.textContent('main')) ?? '').replace(/\s+/g, ' '),
    (now) => text.test(now),
  );

/** What axe finds on the page that is open, of what matters. */
async function barriers(): Promise<string[]> {
  const source = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
  await opened.page.evaluate(source);
  const { violations } = await opened.page.evaluate<AxeResults>('axe.run()');
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
}

const rank = async (): Promise<string> => (await opened.page.textContent('.rank strong')) ?? '';

test('a run is there with its health and curves; what it logs more, and another run, appear', {
  skip,
}, async () => {
  const row = opened.page.locator('tbody tr', { hasText: 'tiny' });
  await row.waitFor();
  assert.match(
    (await row.textContent()) ?? '',
    /finished.*(no sign of collapse|looks collapsed|k-NN is below)/,
  );
  const charts = opened.page.locator('figure.chart');
  assert.ok(
    (await until(
      () => charts.count(),
      (count) => count >= 5,
    )) >= 5,
  );
  const before = await picture('figure.chart canvas >> nth=0');
  assert.ok(before.length > 1000);
  const loss = opened.page.getByRole('img', { name: /^Loss over steps/ });
  assert.match((await loss.getAttribute('aria-label')) ?? '', /at step 30$/);
  const line = readFileSync(join(run, 'metrics.jsonl'), 'utf8').split('\n')[0]!;
  appendFileSync(
    join(run, 'metrics.jsonl'),
    `${JSON.stringify({ ...JSON.parse(line), step: 60 })}\n{"kind":"st`,
  );
  await until(
    async () => (await loss.getAttribute('aria-label')) ?? '',
    (label) => /at step 60$/.test(label),
  );
  assert.notEqual(await picture('figure.chart canvas >> nth=0'), before);
  const other = join(runs, 'other');
  cpSync(run, other, { recursive: true });
  await opened.page.locator('#show-other').check();
  await until(
    async () => (await loss.getAttribute('aria-label')) ?? '',
    (label) => /other .*; tiny /.test(label),
  );
  assert.match((await opened.page.textContent('main')) ?? '', /They have the same settings/);
  writeFileSync(join(other, 'config.json'), '{"preset":');
  const broken = opened.page.locator('tbody tr', { hasText: 'other' });
  await until(
    async () => (await broken.textContent()) ?? '',
    (text) => /config\.json is not valid JSON/.test(text),
  );
  rmSync(other, { recursive: true });
  assert.deepEqual(await barriers(), []);
});

test('a moved slider changes the retrieval to what Node retrieves; a switch, what the model sees', {
  skip,
}, async () => {
  await go('#/playground/tiny');
  await opened.page.waitForSelector('.rank strong');
  const model = await WorldModel.load(run);
  const images = await openImages(['synthetic:1'], { size: 16, split: 'validation' });
  const pixels = await images.batch([0]);
  await images.close();
  const [seen, wanted] = ['canvas >> nth=0', 'canvas >> nth=2'].map((place) => `.columns ${place}`) as [
    string,
    string,
  ];
  const before = await picture(wanted);
  for (const [jitter, value] of [
    [0, 0.2],
    [3, -0.075],
  ] as const) {
    await opened.page.locator('input[type=range]').nth(jitter).fill(String(value));
  }
  const [found] = await model.retrieve(pixels, [{ brightness: 0.2, hue: -0.075 }]);
  model.dispose();
  await until(
    () => picture(wanted),
    (now) => now !== before,
  );
  await until(rank, (text) => text === (found!.rank === 1 ? '✓ Right: rank 1' : `Rank ${found!.rank}`));
  const clean = await picture(seen);
  await opened.page.getByRole('switch', { name: 'Solarized' }).check();
  await until(
    () => picture(seen),
    (now) => now !== clean,
  );
  await opened.page.getByRole('button', { name: 'No action' }).click();
  await until(
    () => picture(seen),
    (now) => now === clean,
  );
  assert.deepEqual(await barriers(), []);
});

test('which action leads to what the sliders give is searched', { skip }, async () => {
  await opened.page.getByRole('button', { name: 'Guess my action' }).click();
  await opened.page.locator('section table tbody tr').nth(3).waitFor();
  assert.match((await opened.page.textContent('section table')) ?? '', /brightness[+−]\d/);
});

test('an image that is dropped is looked at; what is none says so', { skip }, async () => {
  const before = await picture('.columns canvas >> nth=0');
  const blue = sharp({ create: { width: 64, height: 40, channels: 3, background: '#3388cc' } });
  await drop({ 'blue.png': await blue.png().toBuffer() });
  await until(
    () => picture('.columns canvas >> nth=0'),
    (now) => now !== before,
  );
  const colour = await opened.page.evaluate(
    "[...document.querySelector('.columns canvas').getContext('2d').getImageData(8, 8, 1, 1).data]",
  );
  assert.deepEqual(colour, [0x33, 0x88, 0xcc, 255]);
  await drop({ 'none.png': new Uint8Array([1, 2, 3]) });
  await says(/none\.png: not an image/);
  await drop({ 'notes.txt': new Uint8Array([1, 2, 3]) });
  await says(/neither an image among these files nor a run/);
});

test('a painted mask is what the encoder does not see, by pointer and by keyboard', { skip }, async () => {
  await go('#/runs');
  await go('#/playground/tiny');
  const { page } = opened;
  await page.waitForSelector('.rank strong');
  await page.locator('.sample').first().click();
  await page.getByRole('button', { name: 'No action' }).click();
  const predicted = '.columns canvas >> nth=5';
  const before = await settled(predicted);
  await page.locator('.patches').scrollIntoViewIfNeeded();
  const [first, second] = await Promise.all(
    [5, 6].map((at) => page.locator('.patches button').nth(at).boundingBox()),
  );
  await page.mouse.move(first!.x + 2, first!.y + 2);
  await page.mouse.down();
  await page.mouse.move(second!.x + 2, second!.y + 2);
  await page.mouse.up();
  await says(/It sees 14 of 16 patches/);
  // The keyboard goes on where the pointer began.
  await page.locator('.patches button').nth(5).focus();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowLeft');
  await page.keyboard.press('Space');
  await says(/It sees 13 of 16 patches/);
  const visible = Array.from({ length: 16 }, (_, place) => place).filter(
    (place) => ![5, 6, 8].includes(place),
  );
  const model = await WorldModel.load(run);
  const images = await openImages(['synthetic:1'], { size: 16, split: 'validation' });
  const [found] = await model.retrieve(await images.batch([0]), [{}], visible);
  await images.close();
  model.dispose();
  await until(rank, (text) => text === (found!.rank === 1 ? '✓ Right: rank 1' : `Rank ${found!.rank}`));
  await until(
    () => picture(predicted),
    (now) => now !== before,
  );
  // Blank where nothing is seen: of the image and of its latents.
  const clear = (canvas: number, side: number): Promise<number[]> =>
    page.evaluate(`(() => {
      const { data } = document.querySelectorAll('.columns canvas')[${canvas}].getContext('2d').getImageData(0, 0, ${4 * side}, ${4 * side});
      return Array.from({ length: 16 }, (_, place) => place)
        .filter((place) => data[4 * (Math.floor(place / 4) * ${side} * ${4 * side} + (place % 4) * ${side}) + 3] === 0);
    })()`);
  for (const [canvas, side] of [
    [0, 4],
    [1, 1],
  ] as const)
    await until(
      async () => String(await clear(canvas, side)),
      (now) => now === '5,6,8',
    );
  await page.getByRole('button', { name: 'Hide as in training' }).click();
  await says(/It sees 6 of 16 patches/);
  assert.deepEqual(await barriers(), []);
  await page.getByRole('button', { name: 'Hide nothing' }).click();
  await until(
    () => picture(predicted),
    (now) => now === before,
  );
});

test('a run’s folder is opened where it is dropped, an adapted one on its own page; what is none says so', {
  skip,
}, async () => {
  const dropped = (name: string, path: string): Readonly<Record<string, Uint8Array>> =>
    Object.fromEntries(
      Object.entries(folderOf(path)).map(([file, bytes]) => [file.replace(/^[^/]+/, name), bytes]),
    );
  await drop(dropped('mine', run));
  await until(
    async () => opened.page.url(),
    (url) => url.endsWith(`#/playground/${encodeURIComponent('opened:mine')}`),
  );
  await opened.page.waitForSelector('.rank strong');
  const { 'half/model.safetensors': _, ...half } = dropped('half', run);
  await drop(half);
  await says(/half has no model\.safetensors: its training is not finished/);
  await drop({ 'mine/config.json': Buffer.from('{"preset":') });
  await says(/mine has no model\.safetensors/);
  await drop({
    'mine/config.json': Buffer.from('{"preset":'),
    'mine/model.safetensors': new Uint8Array([1]),
  });
  await says(/mine\/config\.json is not valid JSON/);
  await drop(dropped('forms', join(runs, 'shapes')));
  await until(
    async () => opened.page.url(),
    (url) => url.endsWith(`#/adapted/${encodeURIComponent('opened:forms')}`),
  );
  await until(
    () => opened.page.locator('.card canvas').count(),
    (count) => count === 10,
  );
});

test('an adapted model names classes as it does in Node', { skip }, async () => {
  await go('#/adapted/shapes');
  await until(
    () => opened.page.locator('.card canvas').count(),
    (count) => count === 10,
  );
  const model = await AdaptedModel.load(join(runs, 'shapes'));
  const images = await openImages(['synthetic:1'], { size: model.size, split: 'validation' });
  const { classes, probabilities } = await model.classify(await images.batch([0]));
  await images.close();
  model.dispose();
  const best = probabilities.indexOf(Math.max(...probabilities));
  assert.equal(
    (await opened.page.locator('.card ol li').first().textContent())?.trim(),
    `${classes[best]}${(100 * probabilities[best]!).toFixed(1)} %`,
  );
  await until(
    async () => (await opened.page.textContent('.work')) ?? '',
    (text) => text.trim() === '',
  );
  assert.deepEqual(await barriers(), []);
});

test('masks are told over a folder’s images, and scored as in Node where it has some', { skip }, async () => {
  await go('#/adapted/streets');
  await until(
    () => opened.page.locator('.card canvas').count(),
    (count) => count === 10,
  );
  await drop(folderOf(streets));
  const { tasks } = await evaluateAdapted(join(runs, 'streets'), { data: [streets] });
  const [node] = tasks;
  assert.ok(node?.task === 'segmentation');
  const text = await says(/mIoU .*on 6 images with masks/);
  const [, meanIou, accuracy] = /mIoU ([\d.]+) %, pixel accuracy ([\d.]+) %/.exec(text) ?? [];
  // Images are brought to the model's size by the browser there, so roughly.
  assert.ok(Math.abs(Number(meanIou) - 100 * node.meanIou) < 3, `${meanIou}, Node ${node.meanIou}`);
  assert.ok(
    Math.abs(Number(accuracy) - 100 * node.pixelAccuracy) < 3,
    `${accuracy}, Node ${node.pixelAccuracy}`,
  );
  assert.match(text, /IoU sky .*, road .*, car /);
  assert.doesNotMatch(text, /frame \d+\.\d %/);
  assert.deepEqual(await barriers(), []);
  await drop({ ...folderOf(streets), 'streets/annotations/val/1.png': new Uint8Array([1]) });
  await says(/streets\/annotations\/val\/1\.png: not a PNG file/);
  await says(/on 5 images with masks/);
});

/** Pauses the run in training, once it has logged a step. */
async function pause(name: string): Promise<void> {
  const line = async (): Promise<string> => (await opened.page.textContent('.line')) ?? '';
  await until(line, (text) => /^step \d+/.test(text));
  await opened.page.getByRole('button', { name: 'Pause' }).click();
  await until(line, (text) => text === `${name} is paused, and kept in this browser`);
}

test('a run is trained in the tab, paused, gone on with after the page was loaded anew, and taken out', {
  skip,
}, async () => {
  await go('#/train');
  const { page } = opened;
  await page.getByLabel('Name').fill('tab');
  await page.getByLabel('Steps').fill('500');
  await page.getByRole('button', { name: 'Train', exact: true }).click();
  await pause('tab');
  await page.reload();
  const run = page.locator('li', { hasText: 'tab' });
  const step = async (): Promise<number> =>
    Number(/step (\d+) of 500/.exec((await run.textContent()) ?? '')?.[1]);
  await run.waitFor();
  const before = await step();
  await page.getByRole('button', { name: 'Go on with tab' }).click();
  await until(step, (now) => now > before);
  await pause('tab');
  assert.deepEqual(await barriers(), []);
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'Download tab' }).click(),
  ]);
  assert.equal(download.suggestedFilename(), 'tab.zip');
  const zip = readFileSync(await download.path(), 'latin1');
  for (const name of ['tab/config.json', 'tab/metrics.jsonl', 'tab/images.json'])
    assert.ok(zip.includes(name), name);
  await page.getByRole('button', { name: 'Remove tab' }).click();
  await until(
    () => page.locator('li', { hasText: 'tab' }).count(),
    (count) => count === 0,
  );
});

test('a run that Node began is taken into the tab, and shows what it retrieves as it goes on', {
  skip,
}, async () => {
  const begun = join(folder, 'begun');
  const controller = new AbortController();
  const progress = (line: string): void => {
    if (line.startsWith('step 6/')) controller.abort(new Error('stopped'));
  };
  await assert.rejects(
    pretrain(resolve('demo', { ...tiny, steps: 100_000, 'log.every': 1 }), {
      out: begun,
      signal: controller.signal,
      log: { note: () => {}, progress },
    }),
    /stopped/,
  );
  await go('#/train');
  const { page } = opened;
  await page.getByLabel('Take in a run’s folder').setInputFiles(begun);
  await page.getByRole('button', { name: 'Go on with begun' }).click();
  // Four jitters, seven actions each, above what they give.
  await until(
    () => page.locator('.cells canvas').count(),
    (count) => count === 4 * 7 * 2,
    1200,
  );
  await pause('begun');
  assert.deepEqual(await barriers(), []);
});

test('on a phone and in the dark nothing is wider than the screen, and nothing bars anybody', {
  skip,
}, async () => {
  await opened.page.setViewportSize({ width: 360, height: 740 });
  await opened.page.emulateMedia({ colorScheme: 'dark' });
  for (const [hash, ready] of [
    ['#/runs', 'figure.chart'],
    ['#/playground/tiny', '.rank'],
    ['#/train', 'form'],
    ['#/adapted/shapes', '.card canvas'],
  ] as const) {
    await go(hash);
    await opened.page.locator(ready).first().waitFor();
    assert.equal(await opened.page.evaluate('document.documentElement.scrollWidth'), 360, hash);
    assert.deepEqual(await barriers(), [], hash);
  }
});

test('it said no error; its policy is at work; the first page is light', { skip }, async () => {
  assert.deepEqual(opened.errors, []);
  await opened.page.evaluate(
    "document.body.insertAdjacentHTML('beforeend', '<p style=\"color: red\">styled</p>')",
  );
  await until(
    async () => opened.errors.length,
    (count) => count > 0,
  );
  assert.match(opened.errors[0]!, /Content Security Policy/);
  await go('#/runs');
  await opened.page.reload();
  await opened.page.locator('figure.chart').first().waitFor();
  const bytes = await opened.page.evaluate<number>(FIRST_PAGE_BYTES);
  assert.ok(bytes > 2 ** 16);
  assert.ok(bytes < 2 ** 20, `${bytes}`);
});

test('it shows something before it has heard of any run', { skip }, async () => {
  const { page } = opened;
  // The list of runs never comes.
  await page.route('**/runs.json', () => {});
  await page.goto('about:blank');
  await go('#/runs');
  await until(
    () => page.evaluate<number>("performance.getEntriesByName('first-contentful-paint').length"),
    (count) => count === 1,
  );
  assert.match((await page.textContent('body')) ?? '', /Studio\s*Runs\s*Playground\s*Train\s*Adapted models/);
  await page.unroute('**/runs.json');
});

test('as a static site it works from a sub-path, under the same policy', { skip }, async () => {
  buildSite(new ShownRuns([runs]), page, join(folder, 'web', 'some', 'where'));
  const site = await openPage([join(folder, 'web')], 'some/where/');
  try {
    await site.page.locator('tbody tr', { hasText: 'tiny' }).waitFor();
    await site.page.getByRole('link', { name: 'Play', exact: true }).first().click();
    await site.page.waitForSelector('.rank strong');
    assert.deepEqual(site.errors, []);
    await site.page.evaluate(
      "document.body.insertAdjacentHTML('beforeend', '<p style=\"color: red\">styled</p>')",
    );
    await until(
      async () => site.errors.length,
      (count) => count > 0,
    );
  } finally {
    await site.close();
  }
});
