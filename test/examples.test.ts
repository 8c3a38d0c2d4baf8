import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, before, type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { classifyFiles } from '../src/adapt/model/classify-files.js';
import { embed } from '../src/embed/embed.js';
import { exportModel } from '../src/export/export-model.js';
import { paintWorld, pretrainTiny, quickly } from './adapt/tiny-world.js';
import { skip as noBrowser, type OpenPage, openPage } from './web/browser.js';

const folder = mkdtempSync(join(tmpdir(), 'iwm-examples-'));
after(() => rmSync(folder, { recursive: true }));
const root = fileURLToPath(new URL('..', import.meta.url));
const [run, photos] = [join(folder, 'run'), join(folder, 'photos')];
const [photo, other] = ['left', 'top'].map((name) => join(photos, 'train', name, '0.png')) as [
  string,
  string,
];

before(async () => {
  await paintWorld(photos, 12, 3);
  await pretrainTiny(photos, run);
});

/** Builds the page of an example as its package.json does, with ours as the package, and the runtime's files beside it. */
async function buildPage(name: string): Promise<string> {
  const site = join(folder, name);
  cpSync(join(root, 'examples', name), site, { recursive: true });
  const { scripts } = JSON.parse(readFileSync(join(site, 'package.json'), 'utf8')) as {
    scripts: { build: string };
  };
  assert.match(
    scripts.build,
    /^esbuild page\.js --bundle --format=esm --conditions=onnxruntime-web-use-extern-wasm --outfile=page\.bundle\.js$/,
  );
  await build({
    entryPoints: [join(root, 'examples', name, 'page.js')],
    outfile: join(site, 'page.bundle.js'),
    bundle: true,
    format: 'esm',
    conditions: ['onnxruntime-web-use-extern-wasm'],
    alias: { 'image-world-models/web': join(root, 'src/web/index.ts') },
  });
  symlinkSync(resolve(root, 'node_modules/onnxruntime-web/dist'), join(site, 'wasm'));
  return site;
}

/** Opens a page, and closes it when the test ends, however that ends. */
async function show(t: TestContext, site: string): Promise<OpenPage> {
  const opened = await openPage([site]);
  t.after(() => opened.close());
  // A machine with much else to do is slow to start a browser's threads.
  opened.page.setDefaultTimeout(120_000);
  return opened;
}

test('examples/node: latents, a prediction, what it retrieves', () => {
  const place = join(folder, 'node');
  cpSync(join(root, 'examples/node'), place, { recursive: true });
  const installed = join(place, 'node_modules/image-world-models');
  mkdirSync(installed, { recursive: true });
  symlinkSync(join(root, 'src'), join(installed, 'src'));
  writeFileSync(join(installed, 'package.json'), '{ "exports": "./src/index.ts" }');
  const tsx = import.meta.resolve('tsx');
  const args = ['--import', tsx, 'world-model.js', run, photo, other];
  const { stdout, stderr, status } = spawnSync(process.execPath, args, { cwd: place, encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  const [alike, latents, ...ranks] = stdout.trimEnd().split('\n');
  assert.match(alike ?? '', /cosine -?[01]\.\d{3}$/);
  assert.equal(latents, 'predicted latents of the brighter images: [2,16,32]');
  assert.equal(ranks.length, 3);
  for (const line of ranks) assert.match(line, /^\{.*\}: what it really gives has rank \d+ of 2\d\d$/);
});

test('examples/browser: an action on an image that a person chooses', { skip: noBrowser }, async (t) => {
  const site = await buildPage('browser');
  symlinkSync(run, join(site, 'run'));
  const { page, errors } = await show(t, site);
  await page.setInputFiles('#image', photo);
  await page.waitForFunction('/rank \\d+ of 2\\d\\d\\.$/.test(answer.value)');
  const before = await page.evaluate('wanted.toDataURL()');
  await page.evaluate("brightness.value = '0.3'; brightness.dispatchEvent(new Event('change'))");
  await page.waitForFunction(`wanted.toDataURL() !== ${JSON.stringify(before)}`);
  await page.waitForFunction('/rank \\d+ of 2\\d\\d\\.$/.test(answer.value)');
  assert.deepEqual(errors, []);
});

test('examples/photos-to-web: the page says what the adapted model does', { skip: noBrowser }, async (t) => {
  await quickly(run, photos, folder)('adapted', {});
  const adapted = join(folder, 'adapted');
  const site = await buildPage('photos-to-web');
  await exportModel(adapted, { out: join(site, 'model'), threads: 1 });
  const { page, errors } = await show(t, site);
  await page.setInputFiles('#photo', photo);
  await page.waitForFunction("answer.value.includes('%')");
  const answer = await page.evaluate<string>('answer.value');
  const { images } = await classifyFiles(adapted, [photo], { most: 3, threads: 1 });
  const told = (images[0]?.labels ?? []).map(
    ({ label, probability }) => `${label} ${(100 * probability).toFixed(0)} %`,
  );
  assert.equal(answer, told.join(', '));
  // The one file that transformers.js looks for although there is none: a tokenizer's.
  assert.deepEqual(
    errors.filter((error) => !/status of 404/.test(error)),
    [],
  );
});

test('examples/frozen-encoder: from an encoder to a class, by the command line', () => {
  const out = join(folder, 'whole-way');
  const encoder = join(root, 'test/fixtures/encoders/dinov2');
  const options = '--preset demo --steps 4 --set batch=8 --set predictor.depth=1 --set health.images=4';
  const told = execFileSync(
    'sh',
    [
      join(root, 'examples/frozen-encoder/whole-way.sh'),
      ...[encoder, photos, photos, out, photo],
      ...options.split(' '),
    ],
    { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] },
  );
  assert.match(told, /^MRR /m);
  assert.match(told.trimEnd().split('\n').at(-1) ?? '', /(bottom|left|right|top) +\d/);
  assert.ok(existsSync(join(out, 'exported/onnx/model.onnx')));
});

const python = process.env.PYTHON ?? 'python3';
/** Says why an example in Python is skipped, where it is. */
function lacks(...modules: string[]): string | false {
  const wanted = JSON.stringify(modules);
  const code = `import importlib.util, json; print([m for m in ${wanted} if importlib.util.find_spec(m) is None])`;
  try {
    const found = execFileSync(python, ['-c', code], { encoding: 'utf8', stdio: 'pipe' }).trim();
    return found === '[]' ? false : `${python} lacks ${found}; PYTHON can name another`;
  } catch {
    return `no ${python}; PYTHON can name one`;
  }
}

test('examples/python: an export is read with ONNX Runtime, timm and safetensors', {
  skip: lacks('onnxruntime', 'timm', 'safetensors', 'torch', 'PIL'),
}, async () => {
  const out = join(folder, 'exported');
  await exportModel(run, { out, threads: 1 });
  const told = execFileSync(python, [join(root, 'examples/python/read_export.py'), out, photo], {
    encoding: 'utf8',
  });
  assert.match(told, /^latents \[1, 16, 16\], pooled \[1, 16\]$/m);
  const [, difference] = /^timm's pooled features differ by at most (\S+)$/m.exec(told) ?? [];
  assert.ok(Number(difference) < 1e-5, told);
  assert.match(
    told,
    /^prediction for brightness × 1\.3: cosine -?0\.\d+ to the brighter image, -?0\.\d+ to the image$/m,
  );
});

test('examples/python: near duplicates among embedded images', {
  skip: lacks('pandas', 'pyarrow', 'numpy'),
}, async () => {
  const twin = join(photos, 'train', 'right', 'twin.png');
  cpSync(photo, twin);
  const out = join(folder, 'photos.parquet');
  await embed(run, { data: [photos], out, threads: 1 });
  const told = execFileSync(python, [join(root, 'examples/python/near_duplicates.py'), out], {
    encoding: 'utf8',
  });
  const [first = ''] = told.split('\n');
  assert.match(first, /^1\.000 /);
  assert.deepEqual(first.split('  ').slice(1).sort(), [photo, twin].sort());
});
