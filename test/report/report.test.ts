import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import sharp from 'sharp';
import type { RgbImage } from '../../src/evaluate/retrieval.js';
import { random } from '../../src/random.js';
import { type Report, renderReport, writeReport } from '../../src/report/report.js';
import { resolve } from '../../src/run/config.js';

const folder = mkdtempSync(join(tmpdir(), 'iwm-report-'));
after(() => rmSync(folder, { recursive: true }));
const draw = random(8);

const noise = (size: number): RgbImage => ({
  size,
  pixels: Uint8Array.from({ length: size * size * 3 }, () => draw.integer(256)),
});

const ranks = [1, 2, 1, 77, 1, 130];
const cells = (of: number[], size: number) =>
  of.map((rank, i) => ({
    value: (i - 1) / 10,
    wanted: noise(size),
    retrieved: noise(size),
    rank,
    bank: 263,
  }));

const report = (size = 8): Report => ({
  name: 'runs/<b>&co',
  command: "npx iwm pretrain --out 'runs/<b>&co'",
  config: resolve('demo', {
    data: ['a </pre> b'],
    'image.size': 8,
    'image.patch': 4,
    'masks.visible': 1,
    'masks.predicted': 1,
  }),
  steps: [10, 20].map((step) => ({
    step,
    images: 64 * step,
    loss: 1 / step,
    gradientNorm: 0.5,
    learningRate: 1e-3,
    weightDecay: 0.04,
    momentum: 0.99,
    imagesPerSecond: 100,
    inputShare: 0.02,
  })),
  health: [
    {
      step: 0,
      mrr: 0.024,
      mrrL2: 0.025,
      mrrStandardError: 0.003,
      knn: 0.1,
      rankMe: 9,
      featureDeviation: 0.9,
      verdict: 'untrained',
    },
    {
      step: 20,
      mrr: 0.25,
      mrrL2: 0.26,
      mrrStandardError: 0.01,
      knn: 0.375,
      rankMe: 12.34,
      featureDeviation: 0.77,
      verdict: 'no sign of "collapse"',
    },
  ],
  protocol: 'measured so & so',
  sweeps: [
    {
      original: noise(size),
      rows: [
        { name: 'brightness', cells: cells(ranks.slice(0, 3), size) },
        { name: 'hue', cells: cells(ranks.slice(3), size) },
      ],
    },
  ],
  inversions: [],
  latents: [],
  views: [],
  byJitter: {},
});

/** Every element that is opened is closed, in order. */
function checkNesting(page: string): void {
  const open: string[] = [];
  for (const [, end, name, , self] of page.matchAll(/<(\/?)([a-z][\w-]*)((?:"[^"]*"|[^">])*?)(\/?)>/g)) {
    if (['meta', 'img', 'br', 'hr'].includes(name!) || self === '/') continue;
    if (end === '/') assert.equal(open.pop(), name, `</${name}>`);
    else open.push(name!);
  }
  assert.deepEqual(open, []);
}

const count = (page: string, pattern: RegExp): number => [...page.matchAll(pattern)].length;

test('the page is whole and needs nothing from outside', async () => {
  const page = await renderReport(report());
  checkNesting(page);
  assert.doesNotMatch(page, /<script|<link|@import|url\(|https?:\/\//);
  for (const [, source] of page.matchAll(/(?:src|href)="([^"]*)"/g))
    assert.match(source!, /^data:image\/png;base64,/);
  assert.match(page, /prefers-color-scheme: dark/);
  assert.match(page, /name="viewport"/);
});

test('headline numbers are the last measurement, beside the first and chance', async () => {
  const page = await renderReport(report());
  for (const words of [
    '<strong>0.250</strong>',
    '± 0.010; 0.024 at step 0; chance 0.024',
    '<strong>37.5 %</strong>',
    '10.0 % at step 0',
    '<strong>12.3</strong>',
    '<strong>0.77</strong>',
    'After step 20: no sign of &quot;collapse&quot;.',
    'came at rank 4.0',
    'measured so &amp; so',
  ])
    assert.ok(page.includes(words), words);
});

test('text of the run is shown as text', async () => {
  const page = await renderReport(report());
  assert.ok(page.includes('<h1>runs/&lt;b&gt;&amp;co</h1>'));
  assert.ok(page.includes('a &lt;/pre&gt; b'));
  assert.ok(page.includes('npx iwm pretrain --out &#39;runs/&lt;b&gt;&amp;co&#39;'));
});

test('every retrieval is there: pictures bit for bit, right ones framed, others with their rank', async () => {
  const given = report();
  const page = await renderReport(given);
  assert.equal(count(page, /<td class="right">/g), 3);
  assert.deepEqual(
    [...page.matchAll(/<small>(✓|\d+)<\/small><\/td>/g)].map(([, mark]) => mark),
    ranks.map((rank) => (rank === 1 ? '✓' : String(rank))),
  );
  const [sweep] = given.sweeps;
  const expected = [
    sweep!.original,
    ...sweep!.rows.flatMap(({ cells: row }) => [
      ...row.map(({ wanted }) => wanted),
      ...row.map(({ retrieved }) => retrieved),
    ]),
  ];
  const shown = [...page.matchAll(/base64,([^"]*)"/g)].map(([, data]) => Buffer.from(data!, 'base64'));
  assert.equal(shown.length, expected.length);
  for (const [i, png] of shown.entries())
    assert.deepEqual(new Uint8Array(await sharp(png).raw().toBuffer()), expected[i]!.pixels);
  assert.ok(page.includes('3 of 6 right'), 'of the image');
  assert.ok(page.includes('2 of 3 right'), 'of brightness');
});

test('inversions: what was seen, the nearest framed where it is right, and the clean image', async () => {
  const one = (rank: number) => ({
    wanted: noise(8),
    retrieved: noise(8),
    rank,
    bank: 257,
    seen: noise(8),
  });
  const inversions = [
    [
      { ...one(1), name: 'grayscale' as const },
      { ...one(42), name: 'blur' as const },
    ],
  ];
  const page = await renderReport({ ...report(), sweeps: [], inversions });
  checkNesting(page);
  assert.equal(count(page, /<img/g), 6);
  assert.equal(count(page, /<figure class="right">/g), 1);
  assert.match(page, /nearest <small>✓<\/small>/);
  assert.match(page, /nearest, <small>42<\/small>/);
});

test('views: patches that do not count are faint, the others as they are', async () => {
  const [source, target] = [noise(8), noise(8)];
  const action = { brightness: 0.25, hue: 0, blur: 1 };
  const views = [{ source, target, visible: Int32Array.of(3), predicted: Int32Array.of(0), action }];
  const page = await renderReport({ ...report(), sweeps: [], views });
  checkNesting(page);
  assert.match(page, /<b>Action<\/b> brightness \+0\.25, undo blur</);
  const shown = [...page.matchAll(/base64,([^"]*)"/g)].map(([, data]) => Buffer.from(data!, 'base64'));
  const [, seen, asked] = await Promise.all(shown.map((png) => sharp(png).raw().toBuffer()));
  for (let i = 0; i < 64; i++) {
    const [row, column] = [Math.floor(i / 8), i % 8];
    const [right, bottom, left, top] = [column > 3, row > 3, column < 4, row < 4];
    assert.equal(seen![4 * i + 3] === 255, right && bottom, `seen ${row} ${column}`);
    assert.equal(asked![4 * i + 3] === 255, left && top, `asked ${row} ${column}`);
    if (right && bottom)
      assert.deepEqual([...seen!.subarray(4 * i, 4 * i + 3)], [...source.pixels.subarray(3 * i, 3 * i + 3)]);
  }
});

test('latents are pictures of a pixel a patch, with the action in words', async () => {
  const [image, wanted, before, predicted, after] = [noise(8), noise(8), noise(2), noise(2), noise(2)];
  const latents = [{ image, wanted, before, predicted, after, action: { contrast: -0.5 } }];
  const page = await renderReport({ ...report(), sweeps: [], latents });
  checkNesting(page);
  assert.match(page, /contrast −0\.50/);
  const shown = [...page.matchAll(/base64,([^"]*)"/g)].map(([, data]) => Buffer.from(data!, 'base64'));
  const expected = [image, before, predicted, after, wanted];
  for (const [i, png] of shown.entries())
    assert.deepEqual(new Uint8Array(await sharp(png).raw().toBuffer()), expected[i]!.pixels);
});

test('MRR by jitter: a bar each, as long as it is good', async () => {
  const of = (value: number) => ({
    ...{ value, l2: value, standardError: 0.01, l2StandardError: 0.01 },
    ...{ chance: 0.024, bank: 256, images: 20, actions: 16 },
  });
  const page = await renderReport({ ...report(), byJitter: { brightness: of(0.25), hue: of(0.5) } });
  checkNesting(page);
  assert.match(
    page,
    /<td>brightness<\/td><td>0\.250 ± 0\.010<\/td><td>20<\/td><td><div class="bar" style="width:25\.0%">/,
  );
  assert.match(page, /16 versions are looked for among 256/);
});

test('large pictures are scaled down', async () => {
  const page = await renderReport(report(130));
  assert.doesNotMatch(page, /class="pixelated"/);
  const [, data] = /base64,([^"]*)"/.exec(page)!;
  const { width, height } = await sharp(Buffer.from(data!, 'base64')).metadata();
  assert.deepEqual([width, height], [96, 96]);
});

test('what is empty is left out', async () => {
  const { knn: _, ...unlabelled } = report().health[1]!;
  const page = await renderReport({ ...report(), steps: [], health: [unlabelled], sweeps: [] });
  checkNesting(page);
  assert.doesNotMatch(page, /k-NN<|k-NN accuracy|What the predictor answers|<b>Loss<|at step 20;/);
  const bare = await renderReport({ ...report(), steps: [], health: [], sweeps: [] });
  checkNesting(bare);
  assert.doesNotMatch(bare, /NaN|undefined|<h2>/);
});

test('an older page is replaced, and nothing else is left in the folder', async () => {
  writeFileSync(join(folder, 'report.html'), 'old');
  const path = await writeReport(folder, report());
  assert.equal(path, join(folder, 'report.html'));
  assert.match(readFileSync(path, 'utf8'), /^<!doctype html>[\s\S]*<\/html>\s*$/);
  assert.deepEqual(readdirSync(folder), ['report.html']);
});
