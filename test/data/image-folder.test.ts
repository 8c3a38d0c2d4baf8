import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative, sep } from 'node:path';
import { after, test } from 'node:test';
import { imageFolder } from '../../src/data/image-folder.js';
import { readFolder } from '../../src/data/read-folder.js';
import { MissingSplit, type Split } from '../../src/data/splits.js';
import { UserError } from '../../src/errors.js';

const folder = mkdtempSync(join(tmpdir(), 'iwm-folders-'));
after(() => rmSync(folder, { recursive: true }));

let made = 0;
/** A new folder with these files: names may have braces, `{a,b}/{1,2}.jpg`; what is in them does not matter here. */
function draw(names: readonly string[], texts: Readonly<Record<string, string>> = {}): string {
  const root = join(folder, String(made++), 'data');
  const expand = (name: string): string[] => {
    const [, before, choices = '', rest] = /^([^{]*)\{([^}]*)\}(.*)$/.exec(name) ?? [];
    return rest === undefined
      ? [name]
      : choices.split(',').flatMap((each) => expand(`${before}${each}${rest}`));
  };
  for (const name of [...names.flatMap(expand), ...Object.keys(texts)]) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), texts[name] ?? '');
  }
  return root;
}

/** What is read of a folder: class by image, in order; splits but the one that is read by itself have to be named. */
function look(root: string, split?: Split) {
  const { pixels, labels, classes, notes = [], masks, ...source } = imageFolder(readFolder(root), split);
  assert.ok(pixels.kind === 'files');
  const names = pixels.paths.map((path) => relative(root, path).split(sep).join('/'));
  assert.equal(names.length, source.length);
  const classOf = Object.fromEntries(names.map((name, i) => [name, classes?.[labels?.[i] ?? -1]]));
  return { split: source.split, names, classes, classOf, notes, masks };
}
const json = (content: unknown): Record<string, string> => ({ 'dataset.json': JSON.stringify(content) });
const says = (notes: readonly string[], ...expected: readonly RegExp[]): void => {
  assert.equal(notes.length, expected.length, notes.join('\n'));
  for (const each of expected)
    assert.ok(
      notes.some((note) => each.test(note)),
      `${each}: ${notes.join('\n')}`,
    );
};
const refuses = (root: string, message: RegExp): void => {
  assert.throws(
    () => imageFolder(readFolder(root), undefined),
    (error: Error) => error instanceof UserError && message.test(error.message),
  );
};
const missing = (root: string, split: Split): void => {
  assert.throws(() => imageFolder(readFolder(root), split), MissingSplit);
};

test('splits are folders whatever they are called and wherever they lie; classes are looked for inside', () => {
  const layouts: Readonly<Record<string, readonly string[]>> = {
    'Training and Testing': ['Training/{cat,dog}/{1,2}.jpg', 'Testing/{cat,dog}/3.jpg'],
    'below images': ['images/train/{cat,dog}/{1,2}.jpg', 'images/test/{cat,dog}/3.jpg'],
    'images below': ['TRAIN/images/{cat,dog}/{1,2}.jpg', 'TEST/images/{cat,dog}/3.jpg'],
    'images in each class': ['train/{cat,dog}/images/{1,2}.jpg', 'test/{cat,dog}/images/3.jpg'],
    compounds: ['pets_train/{cat,dog}/{1,2}.jpg', 'pets_test/{cat,dog}/3.jpg'],
    'each twice': ['seg_train/seg_train/{cat,dog}/{1,2}.jpg', 'seg_test/seg_test/{cat,dog}/3.jpg'],
    'in each class': ['{cat,dog}/train/{1,2}.jpg', '{cat,dog}/test/3.jpg'],
    'classes in its name': ['{cat,dog}_train/{1,2}.jpg', '{cat,dog}_test/3.jpg'],
    wrapped: ['archive/pets/train/{cat,dog}/{1,2}.jpg', 'archive/pets/test/{cat,dog}/3.jpg'],
    'one alone, beside the rest': ['{cat,dog}/{1,2}.jpg', 'test/{cat,dog}/3.jpg'],
  };
  for (const [name, files] of Object.entries(layouts)) {
    const root = draw(files);
    const { split, names, classes, classOf } = look(root);
    assert.deepEqual([split, names.length, classes], ['train', 4, ['cat', 'dog']], name);
    for (const [path, label] of Object.entries(classOf))
      assert.ok(path.includes(`${label}`), `${name}: ${path}`);
    assert.equal(look(root, 'test').names.length, 2, name);
    missing(root, 'validation');
  }
  const years = draw(['train2017/{1,2,3}.jpg', 'val2017/4.jpg'], { 'annotations/train2017.json': '{}' });
  assert.equal(look(years).names.length, 3);
  assert.equal(look(years, 'validation').names.length, 1);
  says(
    look(years).notes,
    /1 folder without images: annotations\//,
    /1 other file not read: annotations\/train2017/,
  );
});

test('dev is validation; a class of one split only is a class', () => {
  const root = draw(['train/{cat,dog}/{1,2}.jpg', 'dev/{cat,eel}/3.jpg', 'test/dog/4.jpg']);
  assert.deepEqual(look(root).classes, ['cat', 'dog', 'eel']);
  assert.deepEqual(look(root, 'validation').classOf, { 'dev/cat/3.jpg': 'cat', 'dev/eel/3.jpg': 'eel' });
  assert.deepEqual(look(root, 'test').classOf, { 'test/dog/4.jpg': 'dog' });
  assert.deepEqual(look(root).notes, []);
});

test('in a split a folder called like one is a class; beside folders of images it is asked which it is', () => {
  const root = draw(['train/{valid,invalid}/{1,2}.jpg', 'test/{valid,invalid}/3.jpg']);
  assert.deepEqual(look(root).classes, ['invalid', 'valid']);
  assert.equal(look(root).names.length, 4);
  refuses(draw(['{bus,train}/{1,2}.jpg']), /is train a split or, like bus beside it, a class\? .*"splits"/);
  const vehicles = draw(['{bus,train}/{1,2}.jpg'], json({ classes: ['bus', 'train'] }));
  assert.deepEqual([look(vehicles).classes, look(vehicles).split], [['bus', 'train'], 'all']);
  const part = draw(['{bus,train}/{1,2}.jpg'], json({ splits: { train: ['train'] } }));
  assert.deepEqual(look(part).names, ['train/1.jpg', 'train/2.jpg']);
  says(look(part).notes, /2 images in no split, so not used: bus\/1\.jpg, bus\/2\.jpg/);
});

test('what lies beside splits is said; where nothing is called train, it is what is trained on', () => {
  const root = draw(['train/{1,2}.jpg', 'val/3.jpg', 'extra/{4,5,6,7}.jpg', '8.jpg']);
  assert.deepEqual(look(root).names, ['train/1.jpg', 'train/2.jpg']);
  says(look(root).notes, /5 images in no split, so not used: 8\.jpg, extra\/4\.jpg, extra\/5\.jpg, …/);
  assert.equal(look(root, 'all').names.length, 8);
  const rest = draw(['{1,2}.jpg', 'val/3.jpg']);
  assert.deepEqual([look(rest).split, look(rest).names], ['train', ['1.jpg', '2.jpg']]);
  says(
    look(draw(['val/1.jpg', 'test/2.jpg'])).notes,
    /no split for training, so all are read: test, validation/,
  );
  says(look(rest).notes, /^2 images in no split, so taken for training: 1\.jpg, 2\.jpg$/);
});

test('files are in the splits that their names tell, if all tell one', () => {
  const root = draw(['{train,val}_{1,2}.jpg', 'test_1.jpg']);
  assert.deepEqual(look(root).names, ['train_1.jpg', 'train_2.jpg']);
  assert.equal(look(root, 'validation').names.length, 2);
  const classed = draw(['{cat,dog}/{cat,dog}.{train,test}.1.jpg']);
  assert.deepEqual([look(classed).names.length, look(classed).classes], [4, ['cat', 'dog']]);
  const mixed = draw(['{train,val}_{1,2}.jpg', 'cover.jpg']);
  assert.equal(look(mixed).names.length, 5);
  says(look(mixed).notes, /1 image do(es)? not/);
  assert.equal(look(draw(['test_tube.jpg', 'train_station.jpg'])).split, 'all');
});

test('a folder around everything is looked through; a stray image costs the others no label', () => {
  const root = draw(['zip/PetImages/{cat,dog}/{1,2}.jpg', 'zip/preview.jpg']);
  assert.deepEqual(look(root).classes, ['cat', 'dog']);
  assert.equal(look(root).classOf['zip/preview.jpg'], undefined);
  says(look(root).notes, /^1 of 5 images in no class folder, so without label: zip\/preview\.jpg$/);
  const split = draw(['train/{cat,dog}/{1,2}.jpg', 'train/montage.png', 'val/{cat,dog}/3.jpg']);
  assert.equal(look(split).names.length, 5);
  assert.deepEqual(look(split, 'validation').classes, ['cat', 'dog']);
  says(look(split).notes, /^1 of 5 images of the split train in no class folder.*montage\.png$/);
  // One folder of images alone is no class, however deep.
  assert.equal(look(draw(['a/b/{1,2}.jpg'])).classes, undefined);
  assert.equal(look(draw(['images_01/{1,2}.jpg', 'images_02/3.jpg'])).classes, undefined);
});

test('thumbnails and resource forks that systems keep beside images are none', () => {
  const root = draw(['train/{cat,dog}/{1,2}.jpg', 'train/cat/@eaDir/1.jpg/SYNOPHOTO_THUMB_M.jpg']);
  const zipped = draw(['train/{cat,dog}/{1,2}.jpg', '__MACOSX/train/cat/._1.jpg', '.thumbs/1.jpg']);
  for (const each of [root, zipped]) {
    const { names, classes, notes } = look(each);
    assert.equal(names.length, 4);
    assert.deepEqual(classes, ['cat', 'dog']);
    says(notes);
  }
});

test('a folder that holds a whole split and is no class elsewhere is none', () => {
  const root = draw(['train/n{1,2}/images/{a,b,c}.JPEG', 'val/images/{a,b}.JPEG', 'test/all/{d,e}.JPEG']);
  assert.deepEqual(look(root).classes, ['n1', 'n2']);
  assert.deepEqual(Object.values(look(root, 'validation').classOf), [undefined, undefined]);
  says(
    look(root).notes,
    /2 of 2 images of the split validation in no class/,
    /2 of 2 images of the split test in no class/,
  );
});

test('a table of labels beside a split is read where all in it is known', () => {
  const files = ['train/n{1,2}/images/{a,b}.JPEG', 'val/images/val_{0,1,2}.JPEG'];
  const boxes = { 'train/n1/n1_boxes.txt': 'a.JPEG\t0\t0\t9\t9\n' };
  const table = (text: string): string => draw(files, { ...boxes, 'val/val_annotations.txt': text });
  const read = look(table('val_0.JPEG\tn2\t0\t0\t9\t9\r\nval_2.JPEG\tn1\t0\t0\t9\t9\r\n'), 'validation');
  assert.deepEqual(Object.values(read.classOf), ['n2', undefined, 'n1']);
  says(
    read.notes,
    /2 labels read from val\/val_annot/,
    /1 of 3 .*val_1\.JPEG/,
    /1 other file not read: train\/n1\/n1_boxes/,
  );
  for (const other of ['val_0.JPEG\tn7\n', 'other.JPEG\tn1\n', 'val_0.JPEG n1\n', 'val_0.JPEG\tn1\n\0\n']) {
    const { classOf, notes } = look(table(other), 'validation');
    assert.deepEqual(Object.values(classOf), [undefined, undefined, undefined]);
    assert.match(notes.join('\n'), /2 other files not read: train.*val\/val_annotations\.txt/);
  }
});

test('dataset.json may name folders as splits, and images without the folders that say nothing', () => {
  const folders = draw(
    ['Training/{a,b,c}/{1,2}.jpg', 'Testing/{a,b,c}/3.jpg'],
    json({ splits: { train: ['Training'], test: ['Testing/'] } }),
  );
  assert.deepEqual([look(folders).classes, look(folders).names.length], [['a', 'b', 'c'], 6]);
  const named = draw(
    ['one/{a,b}/{1,2}.jpg', 'two/{a,b}/3.jpg'],
    json({ splits: { train: ['one'], val: ['two'] } }),
  );
  assert.deepEqual([look(named).classes, look(named, 'validation').names.length], [['a', 'b'], 2]);
  const several = draw(['{x,y,z}/{a,b}/1.jpg'], json({ splits: { train: ['x', 'y'], val: ['z'] } }));
  assert.deepEqual([look(several).classes, look(several).names.length], [['a', 'b'], 4]);
  const short = draw(['images/{1,2,3}.jpg'], json({ splits: { train: ['1', 'images/2.jpg'] } }));
  assert.deepEqual(look(short).names, ['images/1.jpg', 'images/2.jpg']);
  says(look(short).notes, /1 image in no split, so not used: images\/3\.jpg/);
  const rest = draw(['{1,2,3}.jpg'], json({ splits: { val: ['3'] } }));
  assert.deepEqual([look(rest).split, look(rest).names], ['train', ['1.jpg', '2.jpg']]);
});

test('what dataset.json lists and is not there is an error; a class without images is said', () => {
  const files = ['red/{1,2}.jpg', 'blue/{1,2}.jpg'];
  const listed = (val: readonly string[]): string => draw(files, json({ splits: { train: ['red/1'], val } }));
  refuses(
    listed(['red/2', 'imgs/blue/1', 'imgs/blue/2']),
    /dataset\.json: val lists imgs\/blue\/1, .* \(nor 1 more/,
  );
  refuses(listed(['green']), /val lists green, but there is no such image or folder$/);
  refuses(listed(['red/10']), /val lists red\/10/);
  refuses(draw(files, json({ classes: ['red'] })), /the folder blue is none of the classes in dataset\.json/);
  const many = Array.from({ length: 300 }, (_, i) => `class ${i}`);
  const { classOf, notes } = look(draw(files, json({ classes: [...many, 'red', 'blue'] })));
  assert.equal(classOf['red/1.jpg'], 'red');
  says(notes, /no image of 300 of the classes in dataset\.json: class 0, class 1, class 2, …/);
  assert.deepEqual(look(draw(['red/1.jpg'], json({ classes: ['red', 'blue'] }))).classes, ['red', 'blue']);
  const flat = look(draw(['1.jpg'], json({ classes: ['red', 'blue'], ignored: 255 })));
  says(
    flat.notes,
    /no image of 2 of the classes .*: red, blue$/,
    /which class of masks is ignored, but there are no masks/,
  );
});

test('masks are no images, and the folders of both no classes', () => {
  const layouts: Readonly<Record<string, readonly string[]>> = {
    'images and masks': ['images/{1,2,3}.jpg', 'masks/{1,2,3}.jpg'],
    'called otherwise': ['images/{1,2,3}.jpg', 'masks/m{1,2,3}.png'],
    VOC: ['JPEGImages/{1,2,3}.jpg', 'SegmentationClass/{1,2}.png', 'SegmentationObject/{1,2}.png'],
    'in the folder of the images': ['{1,2,3}.jpg', 'masks/{1,2,3}_mask.png'],
    'beside the images': ['{1,2,3}.jpg', '{1,2,3}_mask.png', '3_mask_1.png'],
    'of a part': ['images/{1,2,3}.jpg', 'lung masks/{1,2,3}.png', 'heart masks/{1,2}.png'],
    'a folder each': ['{1,2,3}/image.png', '{1,2,3}/label.png'],
    Cityscapes: [
      'leftImg8bit/{1,2,3}_leftImg8bit.png',
      'gtFine/{1,2,3}_gtFine_{color,labelIds,instanceIds}.png',
    ],
  };
  for (const [name, files] of Object.entries(layouts)) {
    const { names, notes, masks } = look(draw(files));
    assert.equal(names.length, 3, `${name}: ${names}`);
    assert.ok(
      names.every((each) => !/mask|label|gt|Seg/.test(each)),
      `${name}: ${names}`,
    );
    assert.ok(
      notes.some((note) => /\d+ files taken for masks, not for images: /.test(note)),
      name,
    );
    assert.ok(masks, name);
  }
  assert.equal(look(draw(layouts.VOC as string[])).classes, undefined);
});

test('masks beside splits, in classes, and of a split alone', () => {
  for (const masks of ['{train,val}_masks/{1,2}_mask.gif', '{train,val}_labels/{1,2}_L.png']) {
    const pairs = draw(['{train,val}/{1,2}.jpg', masks]);
    assert.deepEqual(look(pairs).names, ['train/1.jpg', 'train/2.jpg']);
    assert.match(look(pairs).notes.join(), /4 files taken for masks/);
  }
  const classed = draw(['{covid,normal}/images/{1,2}.png', '{covid,normal}/masks/{1,2}.png']);
  assert.deepEqual([look(classed).names.length, look(classed).classes], [4, ['covid', 'normal']]);
  const beside = draw(['{benign,normal}/a ({1,2}).png', 'benign/a (1)_mask.png']);
  assert.deepEqual([look(beside).names.length, look(beside).classes], [4, ['benign', 'normal']]);
  const defects = draw([
    '{jar,nut}/train/good/{1,2}.png',
    '{jar,nut}/test/{good,bad}/3.png',
    '{jar,nut}/ground_truth/bad/3_mask.png',
  ]);
  assert.deepEqual([look(defects).names.length, look(defects).classes], [4, ['jar', 'nut']]);
  assert.throws(() => look(defects).masks?.(), /no image of the split train has a mask/);
  assert.equal(look(defects, 'test').masks?.().places?.length, 2);
});

test('classes that are called like masks are classes', () => {
  for (const names of ['with_mask,without_mask', 'mask,no_mask', 'mask,helmet', 'seg,other']) {
    const root = draw([`{${names}}/{1,2}.jpg`]);
    assert.deepEqual(look(root).classes, names.split(',').sort());
    assert.deepEqual(look(root).notes, []);
  }
});

test('every other file and folder is told of', () => {
  const root = draw([
    'images/{1,2}.jpg',
    'images/{3,4,5,6}.heic',
    'labels/{1,2}.txt',
    'train.txt',
    'val.txt',
    'README',
    '.git/1.jpg',
  ]);
  assert.deepEqual(look(root).names, ['images/1.jpg', 'images/2.jpg']);
  says(
    look(root).notes,
    /1 folder without images: labels\//,
    /4 images of a kind that cannot be decoded: images\/3\.heic, /,
    /5 other files not read: 4 \.txt, 1 README/,
    /train\.txt, val\.txt may list a split/,
  );
  refuses(
    draw(['a/{1,2}.heic']),
    /no images there \(looked for .*\); 2 images of a kind that cannot be decoded: a\/1\.heic/,
  );
  const years = draw(['{2019,2020}/{cat,dog}/1.jpg']);
  says(look(years).notes, /classes are the outermost folders .* not told apart: cat, dog/);
});

test('a dataset.json that would not be read is refused: further down, or called otherwise', () => {
  const { 'dataset.json': splits = '' } = json({ splits: { train: ['1', '2'], val: ['3'] } });
  const astray = /: only .*dataset\.json.* is read; move what it says there, or give its own folder$/;
  refuses(draw(['archive/{1,2,3}.jpg'], { 'archive/dataset.json': splits }), astray);
  refuses(draw(['{1,2,3}.jpg'], { 'Dataset.json': splits }), astray);
  refuses(draw(['a/{1,2,3}.jpg'], { 'dataset.json': '{}', 'a/dataset.json': splits }), astray);
});
