import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { after, before, test } from 'node:test';
import { type Config, resolve } from '../../src/run/config.js';
import { folderStore } from '../../src/run/disk/folder-files.js';
import { evaluateRun } from '../../src/verbs/evaluate-run.js';
import { pretrain } from '../../src/verbs/pretrain.js';
import type * as web from '../../src/web/index.js';
import type * as laws from '../run/run-files-laws.js';
import { runDistance } from '../train/run-distance.js';
import { digest, tiny } from '../train/tiny-run.js';
import { type OpenPage, openPage, skip } from './browser.js';
import { buildFront } from './front.js';
import { saveStoredRun } from './save-stored-run.js';

const folder = mkdtempSync(join(tmpdir(), 'iwm-training-'));
let opened: OpenPage;
before(async () => {
  if (skip) return;
  await buildFront(folder, { laws: 'test/run/run-files-laws.ts' });
  opened = await openPage([folder, 'node_modules/onnxruntime-web/dist']);
});
after(async () => {
  await opened?.close();
  rmSync(folder, { recursive: true });
});

/** Trains synthetic images in the page, stopped when the line of a step is told, and says what was told. */
const trainInPage = (
  name: string,
  config: Config,
  { resume = false, stopAt = Number.POSITIVE_INFINITY }: { resume?: boolean; stopAt?: number } = {},
): Promise<{ lines: string[]; error: string | undefined; turns: number }> =>
  opened.page.evaluate(
    async ({ name, config, resume, stopAt }) => {
      const module = '/web.js';
      const { drawnImages, pretrain, storedRun } = (await import(module)) as typeof web;
      const controller = new AbortController();
      const lines: string[] = [];
      const log = {
        note(line: string) {
          lines.push(line);
        },
        progress(line: string) {
          lines.push(line);
          if (line.startsWith(`step ${stopAt}/`)) controller.abort(new Error('stopped'));
        },
      };
      const images = drawnImages(config.data[0] ?? '', { size: config.image.stored }) as web.ImageSet;
      const { signal } = controller;
      const options = {
        run: storedRun(name),
        images,
        resume,
        signal,
        log,
        wasm: '/',
        device: 'cpu',
      } as const;
      let turns = 0;
      const timer = setInterval(() => turns++, 0);
      const error = await pretrain(config, options).then(
        () => undefined,
        ({ message }: Error) => message,
      );
      clearInterval(timer);
      return { lines, error, turns };
    },
    { name, config, resume, stopAt },
  );

/** Measures a run of synthetic images in the page, on those of the validation split. */
const evaluateInPage = (name: string, images: number): Promise<web.Evaluation> =>
  opened.page.evaluate(
    async ({ name, images }) => {
      const module = '/web.js';
      const { drawnImages, evaluate, readConfig, storedRun } = (await import(module)) as typeof web;
      const { data, image } = await readConfig(storedRun(name));
      const [trained, given] = (['train', 'validation'] as const).map((split) =>
        drawnImages(data[0] ?? '', { size: image.stored, split }),
      ) as [web.ImageSet, web.ImageSet];
      return evaluate(storedRun(name), { trained, given, images, wasm: '/', device: 'cpu' });
    },
    { name, images },
  );

/** Saves a run of the page as a folder. */
const download = (name: string): Promise<string> => saveStoredRun(opened.page, name, folder);

test("files in the browser's own storage keep the laws that a run relies on", { skip }, async () => {
  const found = await opened.page.evaluate(async () => {
    const [module, other] = ['/web.js', '/laws.js'];
    const { removeStoredRun, storedRun, storedRuns } = (await import(module)) as typeof web;
    const { runFilesLaws } = (await import(other)) as typeof laws;
    const wrong = await runFilesLaws(storedRun('laws'));
    const runs = [await storedRuns()];
    await removeStoredRun('laws');
    return { wrong, runs: [...runs, await storedRuns()] };
  });
  assert.deepEqual(found, { wrong: [], runs: [['laws'], []] });
});

test('demo learns in a page, to the weights that Node trains with the same seed', { skip }, async () => {
  const config = resolve('demo', { data: ['synthetic:100'], batch: 4, steps: 100, 'log.every': 25 });
  const { error, turns } = await trainInPage('demo', config);
  assert.equal(error, undefined);
  assert.ok(turns >= config.steps, `the page had its turn ${turns} times`);
  const run = await download('demo');
  const losses = (await folderStore(run).metrics()).flatMap((line) =>
    line.kind === 'step' ? [line.loss] : [],
  );
  assert.ok(losses.at(-1)! < 0.5 * losses[0]!, losses.join());
  const ours = join(folder, 'node');
  await pretrain(config, { out: ours });
  const apart = runDistance(run, ours, config);
  assert.ok(apart > 0 && apart < 1e-3, `${apart}`);
});

const small = resolve('demo', {
  ...tiny,
  steps: 10,
  'log.every': 1,
  'health.every': 10,
  'checkpoint.every': 4,
});

test('a run that is stopped goes on after the page was loaded anew, to the same weights', {
  skip,
}, async () => {
  assert.equal((await trainInPage('whole', small)).error, undefined);
  const { lines, error } = await trainInPage('parted', small, { stopAt: 6 });
  assert.equal(error, 'stopped');
  assert.ok(!lines.some((line) => line.startsWith('step 7/')), lines.join('\n'));
  await opened.page.reload();
  const again = await trainInPage('parted', small);
  assert.match(again.error ?? '', /^parted exists already/);
  const { lines: told, error: none } = await trainInPage('parted', small, { resume: true });
  assert.equal(none, undefined);
  assert.match(told.join('\n'), /parted: going on after step 6/);
  const [whole, parted] = [await download('whole'), await download('parted')];
  assert.equal(digest(parted), digest(whole));
  const steps = async (run: string) =>
    (await folderStore(run).metrics()).map(({ kind, step }) => `${kind} ${step}`);
  assert.deepEqual(await steps(parted), await steps(whole));
  const here = await evaluateRun(parted, { images: 4 });
  const there = await evaluateInPage('whole', 4);
  assert.deepEqual([there.mrr.images, there.protocol], [here.mrr.images, here.protocol]);
  for (const key of ['rankMe', 'featureDeviation'] as const)
    assert.ok(Math.abs(there[key]! / here[key]! - 1) < 1e-3, `${key} ${there[key]}, ${here[key]}`);
  assert.ok(Math.abs(there.mrr.value - here.mrr.value) < 0.01, `MRR ${there.mrr.value}, ${here.mrr.value}`);
});

test('a run that Node began goes on in a page, from its folder, and there alone', { skip }, async () => {
  const begun = join(folder, 'begun');
  const controller = new AbortController();
  const progress = (line: string): void => {
    if (line.startsWith('step 6/')) controller.abort(new Error('stopped'));
  };
  const { signal } = controller;
  await assert.rejects(pretrain(small, { out: begun, signal, log: { note: () => {}, progress } }), /stopped/);
  const paths = readdirSync(begun, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).replaceAll('\\', '/'));
  const refused = await opened.page.evaluate(async (paths) => {
    const module = '/web.js';
    const { keepRun, runOf, storedRun } = (await import(module)) as typeof web;
    const files = await Promise.all(
      paths.map(async (path) => {
        const file = new File(
          [await (await fetch(`/${path}`)).blob()],
          path.slice(path.lastIndexOf('/') + 1),
        );
        return Object.defineProperty(file, 'webkitRelativePath', { value: path });
      }),
    );
    await keepRun(runOf(files), storedRun('begun'));
    return keepRun(runOf(files), storedRun('begun')).catch(({ message }: Error) => message);
  }, paths);
  assert.match(refused ?? '', /^begun exists already/);
  const [first, second] = await Promise.all([
    trainInPage('begun', small, { resume: true }),
    trainInPage('begun', small, { resume: true }),
  ]);
  assert.match(first.error ?? second.error ?? '', /^begun is in training in another tab/);
  assert.match([...first.lines, ...second.lines].join('\n'), /begun: going on after step 6/);
  rmSync(begun, { recursive: true });
  const apart = runDistance(await download('begun'), join(folder, 'whole'), small);
  assert.ok(apart > 0 && apart < 1e-3, `${apart}`);
  assert.deepEqual(opened.errors, []);
});
