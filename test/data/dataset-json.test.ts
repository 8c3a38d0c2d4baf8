import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { readDatasetJson } from '../../src/data/dataset-file.js';
import type { DatasetFacts } from '../../src/data/dataset-json.js';
import { UserError } from '../../src/errors.js';

const folder = mkdtempSync(join(tmpdir(), 'iwm-dataset-json-'));
after(() => rmSync(folder, { recursive: true }));

function read(content: unknown): DatasetFacts {
  writeFileSync(join(folder, 'dataset.json'), JSON.stringify(content));
  return readDatasetJson(folder);
}

test('a split lists files, files without their ending, and folders; the closest name counts', () => {
  const { splitOf, lists } = read({
    splits: { train: ['./cats/', 'dogs\\1'], val: ['cats/9.jpg'], Testing: ['x.v2'] },
  });
  assert.deepEqual(
    [
      'cats/1.jpg',
      'cats/deep/1.jpg',
      'cats/9.jpg',
      'dogs/1.jpeg',
      'dogs/10.jpg',
      'x.v2.png',
      'cats2/1.jpg',
    ].map((path) => splitOf?.(path)),
    ['train', 'train', 'validation', 'train', undefined, 'test', undefined],
  );
  assert.deepEqual([lists?.('cats'), lists?.('dogs')], [true, false]);
});

test('a listed name that is nothing there is an error that names it', () => {
  const { checkListed } = read({ splits: { train: ['a', 'b/1'], val: ['imgs/red/08', 'imgs/red/09'] } });
  const paths = ['a/1.jpg', 'b/1.png', 'red/08.jpg'];
  assert.throws(
    () => checkListed?.(paths),
    (error: Error) =>
      error instanceof UserError &&
      /dataset\.json: val lists imgs\/red\/08, .* \(nor 1 more of its names\)$/.test(error.message),
  );
  checkListed?.([...paths, 'imgs/red/08.jpg', 'imgs/red/09.jpg']);
});

test('labels may have any number of classes', () => {
  const classes = Array.from({ length: 300 }, (_, i) => `class ${i}`);
  assert.equal(read({ classes }).classes?.length, 300);
  assert.throws(() => read({ classes: ['a', 'a'] }), /two have the same name/);
});
