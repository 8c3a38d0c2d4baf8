import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import sharp from 'sharp';
import { EncodedImages, nameOf } from '../../src/data/encoded-images.js';
import { openImages } from '../../src/data/images.js';
import { openSource } from '../../src/data/open-source.js';
import { UserError } from '../../src/errors.js';
import { random } from '../../src/random.js';
import { tarHeader, tarOf } from './tar.js';

const folder = mkdtempSync(join(tmpdir(), 'iwm-tar-'));
after(() => rmSync(folder, { recursive: true }));
const colours = ['#ff0000', '#00ff00', '#0000ff'];
const paint = (colour: string): Promise<Buffer> =>
  sharp({ create: { width: 6, height: 4, channels: 3, background: colour } })
    .png()
    .toBuffer();
const [red, green, blue] = await Promise.all(colours.map(paint));

/** Writes a tar file and gives its path. */
function write(name: string, members: Parameters<typeof tarOf>[0], pack = (tar: Buffer) => tar): string {
  const path = join(folder, name);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, pack(tarOf(members)));
  return path;
}

/** The channel that is lit in each of the images of a source. */
async function channels(source: string): Promise<number[]> {
  const images = await openImages([source], { size: 4 });
  const batch = await images.batch(Int32Array.from({ length: images.length }, (_, i) => i));
  await images.close();
  return Array.from({ length: images.length }, (_, i) =>
    [0, 1, 2].findIndex((channel) => batch[(3 * i + channel) * 16] === 1),
  );
}

const fails = (source: string, message: RegExp): Promise<void> =>
  assert.rejects(
    openImages([source], { size: 4 }),
    (error: Error) => error instanceof UserError && message.test(error.message),
  );

for (const name of ['ustar.tar', 'gnu.tar', 'pax.tar', 'gnu.tar.gz'])
  test(`images and labels of ${name}, as Python's tarfile wrote it`, async () => {
    const path = fileURLToPath(new URL(`../fixtures/webdataset-${name}`, import.meta.url));
    const images = await openImages([path], { size: 4 });
    assert.deepEqual([...(images.labels ?? [])], [0, 1, 2, 2, 1, 0]);
    assert.deepEqual(images.classes, ['0', '1', '2']);
    await images.close();
    assert.deepEqual(await channels(path), [0, 1, 2, 2, 1, 0]);
  });

test('members of a sample need not follow each other, and other members are passed over', async () => {
  const path = write('mixed.tar', {
    'a.cls': 'dog',
    'b.JPG.txt': 'no image',
    README: 'about',
    'a.txt': 'a caption',
    'b.png': green!,
    'a.PNG': red!,
    'b.json': '{"class": "cat"}',
    'a.depth.png': blue!,
  });
  const images = await openImages([path], { size: 4 });
  assert.deepEqual(images.classes, ['cat', 'dog']);
  // In the order in which the samples begin.
  assert.deepEqual([...(images.labels ?? [])], [1, 0]);
  assert.deepEqual(await channels(path), [0, 1]);
});

const labelsOf = async (path: string) => {
  const { classes, labels, notes, description } = await openSource(path, undefined);
  return { classes, labels: labels && [...labels], notes, description };
};

test('names of dataset.json are used and checked', async () => {
  const two = write('named/a.tar', { 'a.png': red!, 'a.cls': '1' });
  writeFileSync(join(folder, 'named/dataset.json'), '{"classes": ["bird", "boat", "bus"]}');
  assert.deepEqual((await openImages([two], { size: 4 })).classes, ['bird', 'boat', 'bus']);
  const three = write('named/b.tar', { 'a.png': red!, 'a.cls': '3' });
  await fails(three, /b\.tar, a\.png: class 3 is none of the 3 in dataset\.json/);
});

test('−1, nothing and null are no label, and the other samples keep theirs', async () => {
  for (const [name, members] of Object.entries<Record<string, string>>({
    'minus.tar': { 'b.cls': '-1', 'c.cls': '2' },
    'empty.tar': { 'b.cls': '', 'c.cls': '2.0' },
    'blank.tar': { 'b.cls': ' \n', 'c.cls': '\ufeff2\r\n' },
    'absent.tar': { 'c.cls': '2' },
    'json.tar': { 'b.json': '{"label": -1}', 'c.json': '{"label": "2"}' },
    'null.tar': { 'b.json': '{"label": null}', 'c.json': '{"label": null, "cls": 2}' },
    'other.tar': { 'b.json': '', 'c.json': '{"label": 2}', 'c.cls': '' },
  })) {
    const path = write(`none/${name}`, {
      'a.png': red!,
      'a.cls': '0',
      'b.png': red!,
      'c.png': red!,
      ...members,
    });
    const { classes, labels, notes } = await labelsOf(path);
    assert.deepEqual(
      [classes, labels],
      [
        ['0', '1', '2'].filter((each) => each !== '1' || classes?.length === 3),
        [0, -1, classes?.indexOf('2')],
      ],
      name,
    );
    assert.deepEqual(notes, ['no label for 1 of 3 images'], name);
  }
});

test('labels are texts, numbers as texts and truth values; lists and halves are none, and said', async () => {
  const of = (name: string, first: string, second: string) =>
    labelsOf(write(name, { 'a.png': red!, 'a.json': first, 'b.png': red!, 'b.json': second }));
  assert.deepEqual((await of('text.tar', '{"label": "dog"}', '{"label": "cat"}')).labels, [1, 0]);
  assert.deepEqual((await of('truth.tar', '{"label": true}', '{"label": false}')).classes, ['false', 'true']);
  assert.deepEqual((await of('float.tar', '{"label": 1.0}', '{"label": 0}')).labels, [1, 0]);
  assert.deepEqual((await of('ids.tar', '{"label": 60000}', '{"label": 10001}')).classes, ['10001', '60000']);
  for (const [name, json, why] of [
    ['list.tar', '{"label": [0, 1]}', 'a label is a list, not one class, in'],
    ['half.tar', '{"label": 0.5}', 'a label is 0.5, no whole number, in'],
    ['object.tar', '{"label": {"a": 1}}', 'a label is an object, not one class, in'],
  ] as const) {
    const { labels, description } = await of(name, '{"label": 0}', json);
    assert.equal(labels, undefined);
    assert.ok(description.includes(`no labels (${why} ${join(folder, name)}, b.png)`), description);
  }
  const none = await labelsOf(write('nothing.tar', { 'a.png': red! }));
  assert.match(none.description, /1 image, no labels \(no \.cls and no label in a \.json\), split all/);
});

test('numbers as texts are matched with the names in dataset.json, by name first', async () => {
  const path = write('texts/a.tar', {
    'a.png': red!,
    'a.json': '{"label": "0"}',
    'b.png': red!,
    'b.cls': '2',
  });
  writeFileSync(join(folder, 'texts/dataset.json'), '{"classes": ["red", "green", "blue"]}');
  assert.deepEqual((await labelsOf(path)).labels, [0, 2]);
  writeFileSync(join(folder, 'texts/dataset.json'), '{"classes": ["2", "1", "0"]}');
  assert.deepEqual((await labelsOf(path)).labels, [2, 0]);
});

test('a class that a split lacks has its number there too; a split without labels says so', async () => {
  write('lacking/train-0.tar', {
    'a.png': red!,
    'a.cls': 'a',
    'b.png': red!,
    'b.cls': 'b',
    'c.png': red!,
    'c.cls': 'c',
  });
  write('lacking/val-0.tar', { 'a.png': red!, 'a.cls': 'c' });
  write('lacking/test-0.tar', { 'a.png': red! });
  const at = async (split: 'train' | 'validation' | 'test') => {
    const { classes, labels, description } = await openSource(join(folder, 'lacking'), split);
    return { classes, labels: labels && [...labels], description };
  };
  for (const [split, labels] of [
    ['train', [0, 1, 2]],
    ['validation', [2]],
    ['test', undefined],
  ] as const) {
    const found = await at(split);
    assert.deepEqual([found.classes, found.labels], [['a', 'b', 'c'], labels]);
  }
  assert.match((await at('test')).description, /no labels \(no \.cls/);
});

test('archives put one after the other are read to the last, each with its own names', async () => {
  const [first, second] = [
    tarOf({ 'a.png': red!, 'a.cls': '0', 'b.png': green!, 'b.cls': '1' }),
    tarOf({ 'a.png': blue!, 'a.cls': '2' }),
  ];
  const path = join(folder, 'both.tar');
  // Some writers pad an archive with more zeros than its end needs.
  writeFileSync(path, Buffer.concat([first, Buffer.alloc(8192), second]));
  assert.deepEqual((await labelsOf(path)).labels, [0, 1, 2]);
  assert.deepEqual(await channels(path), [0, 1, 2]);
  const { pixels } = await openSource(path, undefined);
  assert.deepEqual(
    [0, 2].map((at) => nameOf({ source: pixels, at })),
    [`${path}, a.png`, `${path}, a.png of archive 2`],
  );
  writeFileSync(`${path}.gz`, Buffer.concat([gzipSync(first), gzipSync(second)]));
  assert.deepEqual(await channels(`${path}.gz`), [0, 1, 2]);
  writeFileSync(path, Buffer.concat([first, second.subarray(0, 520)]));
  await fails(path, /both\.tar: cut off within its member a\.png/);
});

test('without an end every whole member is read, and a sentence says so', async () => {
  const tar = tarOf({ 'a.png': red!, 'a.cls': '0' });
  for (const [name, length] of [
    ['ends.tar', tar.length - 1024],
    ['padding.tar', tar.length - 1024 - 500],
  ] as const) {
    const path = join(folder, name);
    writeFileSync(path, tar.subarray(0, length));
    const { labels, notes } = await labelsOf(path);
    assert.deepEqual(labels, [0]);
    assert.deepEqual(notes, [
      `${path} has no end of an archive: its members are whole, but others may have been cut off`,
    ]);
  }
});

test('what is not used of samples is counted', async () => {
  const { notes } = await labelsOf(
    write('unused.tar', {
      ...{ 'a.png': red!, 'a.txt': 'x', 'a.depth.png': blue!, 'b.png': red!, 'b.txt': 'x' },
      ...{ 'a.cls': '0', 'b.cls': '1', 'about.txt': 'x', '.hidden.txt': 'x' },
    }),
  );
  assert.deepEqual(notes, ['members not used: 2 .txt, 1 .depth.png, 1 without an image']);
});

test('a tar of a folder with splits is refused, as all of it would be trained on; other folders are told of', async () => {
  for (const members of [
    ['data/train/cat/1.png', 'data/test/cat/2.png'],
    ['./images/training/1.png', './images/validation/2.png'],
    ['cats/train/1.png', 'cats/val/2.png'],
  ]) {
    const path = write('splits.tar', Object.fromEntries(members.map((name) => [name, red!])));
    await fails(
      path,
      /splits\.tar: in several splits by its folders \(1 train, 1 (test|validation)\), but a file is in one; /,
    );
  }
  const one = write('one/val.tar', { 'val/1.png': red!, 'val/2.png': red! });
  assert.equal((await openSource(one, undefined)).split, 'validation');
  const classes = write('classes.tar', { 'cat/1.png': red!, 'dog/2.png': blue! });
  const said =
    'folders in a tar file tell neither classes nor masks (.cls and .seg.png do): cat, dog; unpacked they might';
  assert.deepEqual((await labelsOf(classes)).notes, [said]);
  const labelled = { 'a/1.png': red!, 'a/1.cls': 'x', 'b/2.png': red!, 'b/2.cls': 'y' };
  assert.deepEqual((await labelsOf(write('labelled.tar', labelled))).notes, []);
});

test('shards: braces list them, globs find them, a folder holds them, names tell the split', async () => {
  write('shards/train-000.tar', { 'a.png': red!, 'b.png': green! });
  write('shards/train-001.tar.gz', { 'a.png': blue! }, gzipSync);
  write('shards/train-002.tgz', { 'a.png': green! }, gzipSync);
  write('shards/val-000.tar', { 'a.png': blue! });
  const at = (pattern: string): string => join(folder, 'shards', pattern);
  assert.deepEqual(await channels(at('train-{000,001}.tar{,.gz}').replace('{,.gz}', '*')), [0, 1, 2]);
  assert.deepEqual(await channels(at('{train,val}-000.tar')), [0, 1]);
  assert.deepEqual(await channels(at('train-00?.t*')), [0, 1, 2, 1]);
  assert.deepEqual(await channels(join(folder, '{sha,}*rds', 'val-*.tar')), [2]);
  const whole = await openImages([at('')], { size: 4 });
  assert.equal(whole.split, 'train');
  assert.equal(whole.length, 4);
  assert.equal((await openImages([at('')], { size: 4, split: 'validation' })).length, 1);
  write('padded/x-08.tar', { 'a.png': red! });
  write('padded/x-09.tar', { 'a.png': green! });
  write('padded/x-10.tar', { 'a.png': blue! });
  assert.deepEqual(await channels(join(folder, 'padded/x-{08..10}.tar')), [0, 1, 2]);
  await fails(
    join(folder, 'padded/x-{08..11}.tar'),
    /x-11\.tar: no such file \(one of .*x-\{08\.\.11\}\.tar\)/,
  );
  await fails(at('test-*.tar'), /test-\*\.tar: no file matches/);
});

test('an image that cannot be decoded is named by shard and member', async () => {
  for (const [name, pack] of [
    ['bad.tar', (tar: Buffer) => tar],
    ['bad.tar.gz', gzipSync],
  ] as const) {
    const path = write(name, { 'a.png': red!, 'b.png': 'no image', 'c.png': red!.subarray(0, 50) }, pack);
    const images = await openImages([path], { size: 4 });
    await images.batch([0]);
    await assert.rejects(
      images.batch([1]),
      new UserError(`${path}, b.png: not a readable image (neither JPEG, PNG, WebP, AVIF, GIF nor TIFF)`),
    );
    await assert.rejects(images.batch([2]), /c\.png: not a readable image/);
    await images.close();
  }
});

test('a damaged tar is refused, naming shard and member or byte', async () => {
  const good = tarOf({ 'a.png': red!, 'b.png': green! });
  const damaged = (name: string, bytes: Buffer): string => {
    writeFileSync(join(folder, name), bytes);
    return join(folder, name);
  };
  await fails(
    damaged('torn.tar', good.subarray(0, 1200)),
    /torn\.tar: cut off, the end of the archive is missing/,
  );
  await fails(
    damaged('within.tar', good.subarray(0, 512 + 20)),
    /within\.tar: cut off within its member a\.png/,
  );
  await fails(damaged('empty.tar', Buffer.alloc(0)), /empty\.tar: is empty/);
  await fails(damaged('text.tar', Buffer.alloc(2000, 'text')), /text\.tar: .*damaged header at byte 0/);
  const flipped = Buffer.from(good);
  flipped[1024 + 3] = 88;
  await fails(damaged('flipped.tar', flipped), /flipped\.tar: .*damaged header at byte 1024/);
  await fails(
    damaged('torn.tar.gz', gzipSync(good).subarray(0, 60)),
    /torn\.tar\.gz: not a readable gzip file/,
  );
  const huge = Buffer.concat([tarHeader('a.png', 8 ** 11 - 1), good]);
  await fails(damaged('huge.tar', huge), /huge\.tar: cut off within its member a\.png/);
});

test('names and members that are not meant so are refused', async () => {
  await fails(
    write('dots.tar', { 'IMG.2020.jpg': red! }),
    /dots\.tar, IMG\.2020\.jpg: a WebDataset name has one dot/,
  );
  await fails(
    write('twice.tar', { 'a.png': red!, 'a.jpg': red! }),
    /twice\.tar, a\.jpg: a second image of the sample/,
  );
  await fails(write('json.tar', { 'a.png': red!, 'a.json': '{' }), /json\.tar, a\.json: not valid JSON/);
  await fails(write('none.tar', { 'a.txt': 'hello' }), /none\.tar: no images there/);
  const link = join(folder, 'link.tar');
  writeFileSync(link, Buffer.concat([tarHeader('a.png', 0, '2'), Buffer.alloc(1024)]));
  await fails(link, /link\.tar, a\.png: not a file but a link/);
});

test('more shards than are kept open: none is closed while it is read', async () => {
  for (let shard = 0; shard < 100; shard++)
    write(`many/${shard}.tar`, { [`${shard}.png`]: `image ${shard}` });
  const { pixels, length } = await openSource(join(folder, 'many'), undefined);
  const encoded = new EncodedImages();
  const draw = random(3);
  const lane = async (): Promise<void> => {
    for (let read = 0; read < 1000; read++) {
      const place = { source: pixels, at: draw.integer(length) };
      const name = nameOf(place).replace(/^.*, (\d+)\.png$/, '$1');
      assert.equal(Buffer.from(await encoded.read(place)).toString(), `image ${name}`);
    }
  };
  await Promise.all(Array.from({ length: 40 }, lane));
  await encoded.close();
});
