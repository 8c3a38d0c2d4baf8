import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, beforeEach, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { UserError } from '../../src/errors.js';
import { quiet } from '../../src/log.js';
import { lockRun } from '../../src/run/disk/run-lock.js';
import { cellsOf } from '../../src/study/cells.js';
import { rankCorrelation } from '../../src/study/correlation.js';
import { runStudy, type StudyOptions } from '../../src/study/run-study.js';
import { describeStudies, studyNames } from '../../src/study/shipped.js';
import { readStudy, type Study } from '../../src/study/study.js';

const folder = mkdtempSync(join(tmpdir(), 'iwm-study-'));
const calls = join(folder, 'calls');
process.env.FAKE_CALLS = calls;
after(() => rmSync(folder, { recursive: true }));
beforeEach(() => {
  writeFileSync(calls, '');
  delete process.env.FAKE_SLOW;
});

const iwm = [process.execPath, fileURLToPath(new URL('fake-iwm.mjs', import.meta.url))] as const;
const called = (): string[] => readFileSync(calls, 'utf8').split('\n').slice(0, -1);

const study: Study = {
  name: 'small',
  about: 'What is it?',
  expected: 'this',
  cost: 'nothing',
  preset: 'demo',
  data: ['synthetic'],
  test: ['test/'],
  settings: { steps: 5 },
  axes: {
    seen: { some: {}, few: { 'masks.visible': 1 } },
    depth: { '1': { 'predictor.depth': 1 }, '2': { 'predictor.depth': 2 } },
  },
  seeds: [0, 3],
  measures: { measured: 'evaluate {run} {test} --images 4', tuned: 'adapt {run} {data} {out}' },
  columns: { loss: 'pretrain.loss', words: 'measured.deep.0.value' },
  figures: [
    { x: 'depth', y: 'loss' },
    { x: 'words', y: 'loss' },
    { x: 'words', y: 'loss', without: ['few'] },
    { x: 'words', y: 'loss', without: ['2'] },
  ],
};
const run = (out: string, options: Partial<StudyOptions> = {}, asked = study) =>
  runStudy(asked, { out, iwm, ...options });
const lines = (file: string): string[] => readFileSync(file, 'utf8').trimEnd().split('\n');

test('cells are all combinations with every seed, the seeds last; commands have what the placeholders stand for', () => {
  const cells = cellsOf(study, 'here');
  assert.deepEqual(
    cells.map(({ name }) => name),
    [
      'some_1_seed-0',
      'some_2_seed-0',
      'few_1_seed-0',
      'few_2_seed-0',
      'some_1_seed-3',
      'some_2_seed-3',
      'few_1_seed-3',
      'few_2_seed-3',
    ],
  );
  const run = join('here', 'few_2_seed-3', 'run');
  assert.deepEqual(
    cells.at(-1)?.commands.map(({ args }) => args.join(' ')),
    [
      `pretrain --preset demo --data synthetic --seed 3 --out ${run} --set steps=5 --set masks.visible=1 --set predictor.depth=2`,
      `evaluate ${run} --data test/ --images 4`,
      `adapt ${run} --data synthetic --out ${join('here', 'few_2_seed-3', 'tuned')}`,
    ],
  );
});

test('a study runs every command once, a failure is a row that says so, and again nothing is run', async () => {
  const out = join(folder, 'whole');
  const result = await run(out, { jobs: 2 });
  // Four cells of three commands; of four the first one fails.
  assert.equal(called().length, 4 * 3 + 4);
  assert.equal(result.left, 0);
  const [, , , , , , , , , , ...table] = lines(join(out, 'study.md'));
  assert.match(table.join('\n'), /\| some \| 1 \| 2 \| 1\.15 ± 0\.21 \| \d/);
  assert.match(table.join('\n'), /\| few \| 2 \| 2 \| – \| – \|/);
  assert.match(table.join('\n'), /few_2_seed-3 failed: pretrain: masks\.visible 1: too few/);
  const [all, some] = [2, 4].map(
    (n) => readFileSync(join(out, `figure-${n}.svg`), 'utf8').match(/<circle/g)?.length,
  );
  assert.deepEqual([all, some], [4, 2]);
  // Of two models nothing is said.
  assert.doesNotMatch(table.join('\n'), /Spearman/);
  const csv = lines(join(out, 'runs.csv'));
  assert.equal(csv.length, 9);
  assert.match(csv[0] ?? '', /^seen,depth,seed,loss,words,seconds,machine,settings,failure$/);
  assert.ok(csv.some((line) => /^some,2,3,1\.3,\d+,.*predictor\.depth/.test(line)));
  assert.match(
    readFileSync(join(out, 'figure-1.svg'), 'utf8'),
    /^<svg xmlns[\s\S]*some_2_seed-3: 1\.3[\s\S]*<\/svg>\n$/,
  );
  await run(out);
  assert.equal(called().length, 4 * 3 + 4);
});

test('of four models it says how the orders of two columns agree, and over how many runs', async () => {
  const out = join(folder, 'four');
  const depth = Object.fromEntries([1, 2, 3, 4].map((n) => [n, { 'predictor.depth': n }]));
  await run(out, { jobs: 2 }, { ...study, axes: { seen: { some: {}, few: { 'masks.visible': 1 } }, depth } });
  assert.match(
    readFileSync(join(out, 'study.md'), 'utf8'),
    /words and loss, 8 runs of 4 models \(without few\): Spearman's rank correlation 1\.00 \(95 % by the bootstrap over models: 1\.00/,
  );
});

for (const [stopped, ...before] of [
  ['evaluate', 'pretrain'],
  ['adapt', 'pretrain', 'evaluate'],
] as const)
  test(`killed in ${stopped} it goes on where it was: nothing is run twice but that`, async () => {
    const out = join(folder, `stopped-${stopped}`);
    process.env.FAKE_SLOW = stopped;
    const stop = new AbortController();
    const reason = new Error('stopped');
    const log = { ...quiet, progress: (line: string) => line.endsWith('slowly') && stop.abort(reason) };
    await assert.rejects(run(out, { signal: stop.signal, log }), reason);
    const began = called();
    assert.deepEqual(
      began.map((line) => line.split(' ')[0]),
      [...before, stopped],
    );
    delete process.env.FAKE_SLOW;
    const { rows } = await run(out);
    assert.equal(called().length, 4 * 3 + 4 + 1);
    assert.equal(called().filter((line) => line === began[0]).length, 1);
    assert.equal(rows.filter(({ failure }) => failure !== undefined).length, 4);
  });

test('a training that was stopped is resumed; over budget nothing is begun any more', async () => {
  const out = join(folder, 'budget');
  process.env.FAKE_SLOW = 'pretrain';
  const { left } = await run(out, { budget: 2 });
  assert.equal(left, 8);
  assert.equal(called().length, 1);
  delete process.env.FAKE_SLOW;
  await run(out);
  assert.match(called()[1] ?? '', /^pretrain .* --resume /);
});

test('it stops also while it waits for who is at work in the folder of a run', async () => {
  const out = join(folder, 'in-use');
  const release = lockRun(join(out, 'some_1_seed-0', 'run'));
  const stop = new AbortController();
  const reason = new Error('stopped');
  const log = { ...quiet, note: (line: string) => line.endsWith('waiting') && stop.abort(reason) };
  await assert.rejects(run(out, { signal: stop.signal, log }), reason);
  assert.deepEqual(called(), []);
  release();
});

test('a study that has changed since is refused, naming the file', async () => {
  const out = join(folder, 'changed');
  const one: Study = { ...study, axes: { depth: { '1': {} } }, seeds: [0] };
  await run(out, {}, one);
  await assert.rejects(run(out, {}, { ...one, settings: { steps: 6 } }), (error) => {
    assert.ok(error instanceof UserError);
    assert.match(
      error.message,
      /1_seed-0.pretrain\.json is of another command .*steps=5.*give another --out/,
    );
    return true;
  });
});

test('the studies that come with the package are told by the first sentence of what they are about', () => {
  const lines = describeStudies().split('\n');
  assert.deepEqual(
    lines.map((line) => /^ {2}(\S+) /.exec(line)?.[1]),
    readdirSync('studies')
      .map((file) => file.replace('.json', ''))
      .sort(),
  );
  assert.ok(lines.includes('  paper   What makes a predictor a world model, and what is that good for?'));
});

test('those that come with the package can be run; files that are none are refused in a line', () => {
  for (const name of studyNames())
    assert.ok(cellsOf({ ...readStudy(name), data: ['synthetic'] }, 'here').length > 0, name);
  const file = join(folder, 'own.json');
  const { name: _, ...declared } = study;
  const refused = (text: string, message: RegExp): void => {
    writeFileSync(file, text);
    assert.throws(
      () => readStudy(file),
      (error) => {
        assert.ok(error instanceof UserError && !error.message.includes('\n'));
        assert.match(error.message, message);
        return true;
      },
    );
  };
  refused('{', /own\.json is not valid JSON/);
  refused(JSON.stringify({ ...declared, seed: 1 }), /own\.json: unknown key seed \(did you mean seeds\?\)/);
  refused(JSON.stringify({ ...declared, seeds: [] }), /own\.json: configuration key seeds/);
  // What is made under these names would be made over the training, or over other runs.
  for (const taken of ['run', 'pretrain', '..'])
    refused(
      JSON.stringify({ ...declared, measures: { [taken]: 'adapt {run} {data} {out}' } }),
      /measure (run|pretrain|\.\.): what a run has already is called so/,
    );
  refused(
    JSON.stringify({ ...declared, columns: { a: 'evaluate.mrr' } }),
    /command evaluate is none of pretrain, measured, tuned/,
  );
  refused(
    JSON.stringify({ ...declared, figures: [{ x: 'width', y: 'loss' }] }),
    /column or axis width is none of/,
  );
  refused(
    JSON.stringify({ ...declared, figures: [{ x: 'words', y: 'loss', without: ['fev'] }] }),
    /level fev is none of some, few, 1, 2/,
  );
  assert.throws(() => readStudy('papper'), /there is no study papper and no such file; studies are paper, /);
  assert.throws(
    () => cellsOf({ ...study, axes: { depth: { '0': { 'predictor.depht': 1 } } } }, 'here'),
    /0_seed-0: unknown key predictor\.depht .*did you mean predictor\.depth/,
  );
});

test('rank correlation: of equal orders 1, of opposite −1, by hand between; too few tell nothing', () => {
  const of = (...ys: number[]) => rankCorrelation(ys.map((y, x) => [[x, y] as const]));
  const near = (value: number | undefined, wanted: number): void =>
    assert.ok(Math.abs((value ?? 0) - wanted) < 1e-12, `${value}`);
  near(of(1, 5, 6, 100)?.value, 1);
  near(of(4, 3, 2, 1)?.value, -1);
  // Differences of ranks 1, 1, 1, 1, 0: 1 − 6 · 4 / (5 · 24).
  near(of(2, 1, 4, 3, 5)?.value, 0.8);
  const { value = 0, low = 0, high = 0 } = of(2, 1, 4, 3, 6, 5, 8, 7) ?? {};
  assert.ok(low <= value && value <= high && low > 0 && high < 1 + 1e-12);
  assert.equal(of(1, 2, 3), undefined);
  // Seeds that say the same do not make an interval narrower, as so many models would.
  const seeds = [2, 1, 4, 3, 6, 5, 8, 7].map((y, x) => Array.from({ length: 9 }, () => [x, y] as const));
  const width = (found: ReturnType<typeof rankCorrelation>) => (found?.high ?? 0) - (found?.low ?? 0);
  assert.ok(width(rankCorrelation(seeds)) > 1.5 * width(rankCorrelation(seeds.flat().map((pair) => [pair]))));
  assert.equal(of(1, 1, 1, 1), undefined);
  assert.ok(!existsSync('here'));
});
