import assert from 'node:assert/strict';
import { test } from 'node:test';
import { splitIn, splitsAmong } from '../../src/data/splits.js';

test('a name tells its split in any case and wherever the word stands', () => {
  for (const name of [
    'train',
    'Training',
    'TRAIN2017',
    'my-data_train',
    'train-00000-of-00001.parquet',
    'imagesTrain',
  ])
    assert.equal(splitIn(name), 'train', name);
  for (const name of ['val', 'VALID', 'dev', 'eval_set', 'validation.tar.gz', 'ILSVRC2012_val'])
    assert.equal(splitIn(name), 'validation', name);
  for (const name of ['test', 'Testing', 'x.test.tar']) assert.equal(splitIn(name), 'test', name);
  for (const name of ['trainer', 'contest', 'device', 'cats', '0000', '', 'train_test', 'latest'])
    assert.equal(splitIn(name), undefined, name);
});

test('among names in one folder a compound is a split only beside its counterpart', () => {
  assert.deepEqual([...splitsAmong(['train', 'cats'])], [['train', 'train']]);
  assert.deepEqual([...splitsAmong(['test_tube', 'beaker', 'train_station'])], []);
  assert.deepEqual(
    [...splitsAmong(['images_train', 'images_val', 'test_tube'])],
    [
      ['images_train', 'train'],
      ['images_val', 'validation'],
    ],
  );
  assert.deepEqual([...splitsAmong(['train2017', 'val2017', 'annotations'])].length, 2);
});
