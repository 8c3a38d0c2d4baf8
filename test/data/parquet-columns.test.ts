import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { EncodedImages } from '../../src/data/encoded-images.js';
import { openSource } from '../../src/data/open-source.js';
import { UserError } from '../../src/errors.js';
import { classLabel, type DrawnColumn, drawParquet } from './draw-parquet.js';

const folder = mkdtempSync(join(tmpdir(), 'iwm-columns-'));
after(() => rmSync(folder, { recursive: true }));
let drawn = 0;
const draw = (columns: Record<string, DrawnColumn>): string =>
  drawParquet(join(folder, `${drawn++}`, 'a.parquet'), columns);

/** Each image is the name of its column. */
const kept = (name: string, declared = false): Record<string, DrawnColumn> => ({
  [name]: {
    type: 'image',
    values: [Buffer.from(name)],
    ...(declared && { feature: { _type: 'Image' } }),
  },
});
const plain = (name: string): Record<string, DrawnColumn> => ({
  [name]: { type: 'BYTE_ARRAY', values: [Buffer.from(name)] },
});
const number: DrawnColumn = { type: 'INT64', values: [0] };

async function imageOf(path: string): Promise<{ name: string; notes: readonly string[] }> {
  const source = await openSource(path, undefined);
  const encoded = new EncodedImages();
  const name = Buffer.from(await encoded.read({ source: source.pixels, at: 0 })).toString();
  await encoded.close();
  return { name, notes: source.notes ?? [] };
}

test('the image is the column that is called so, not its companions', async () => {
  for (const [wanted, columns] of [
    ['image', { ...kept('conditioning_image', true), ...kept('image', true) }],
    ['image', { ...kept('annotation', true), ...kept('image', true) }],
    ['jpg', { ...plain('md5'), ...plain('jpg') }],
    ['img', { ...kept('img_mask'), ...kept('thumbnail'), ...kept('img') }],
    ['pixel_values', { ...plain('embedding'), ...plain('pixel_values') }],
    ['photo', { ...kept('depth', true), ...kept('photo', true), ...plain('hash') }],
    ['input_image', { ...kept('input_image', true), ...kept('edited_image', true) }],
    ['scene', { ...plain('digest'), ...kept('scene', true) }],
    ['img.raw', { ...plain('other'), ...plain('img.raw') }],
  ] as const) {
    const { name, notes } = await imageOf(draw({ ...columns, label: number }));
    assert.equal(name, wanted);
    const others = Object.keys(columns).filter((each) => each !== wanted);
    assert.equal(notes.length, 1);
    for (const other of [wanted, ...others]) assert.ok(notes[0]?.includes(other), notes[0]);
  }
  assert.deepEqual((await imageOf(draw(kept('annotation')))).name, 'annotation');
});

test('another column is chosen after the source, or in dataset.json', async () => {
  const path = draw({ ...kept('image'), ...kept('edited'), coarse_label: number, fine_label: number });
  assert.deepEqual(await imageOf(`${path}#image=edited&label=coarse_label`), { name: 'edited', notes: [] });
  writeFileSync(join(path, '../dataset.json'), '{"columns": {"image": "edited"}}');
  assert.equal((await imageOf(path)).name, 'edited');
  assert.equal((await imageOf(`${path}#image=image`)).name, 'image');
  for (const [source, message] of [
    [
      `${path}#image=nothing`,
      /no encoded images in a column nothing; its columns are image \(groups\), edited/,
    ],
    [`${path}#label=image`, /no column image with one value a row/],
    [`${path}#mask=edited`, /unknown column mask; give #image=NAME&label=NAME/],
  ] as const)
    await assert.rejects(openSource(source, undefined), (error: Error) => {
      assert.match(error.message, message);
      return error instanceof UserError;
    });
});

test('the label is the column that is called so; of two the finer, and both are named', async () => {
  const two = (names: readonly string[], ...classes: (readonly string[] | undefined)[]) =>
    draw({
      ...kept('image'),
      ...Object.fromEntries(
        names.map((name, i) => [name, classes[i] ? classLabel([0], classes[i]) : number]),
      ),
    });
  for (const [names, wanted, ...classes] of [
    [['coarse_label', 'fine_label'], 'fine_label', ['animal'], ['cat']],
    [['superclass', 'class'], 'class', ['animal'], ['cat']],
    [['category_id', 'label'], 'label', undefined, ['cat']],
    [['target', 'species'], 'species', undefined, ['cat']],
    [['y', 'size'], 'y', undefined, undefined],
    [['count', 'object_class_name'], 'object_class_name', undefined, undefined],
  ] as const) {
    const { classes: found, notes = [] } = await openSource(two(names, ...classes), undefined);
    assert.deepEqual(found, classes[names.indexOf(wanted as never)] ?? ['0'], wanted);
    if (classes.some((each) => each))
      assert.match(notes[0] ?? '', new RegExp(`labels are read from the column ${wanted}, not from`));
  }
});

test('what holds no images in itself is refused', async () => {
  const paths = draw({ image: { type: 'image', values: [undefined, undefined] } });
  const lists = draw({ images: { type: 'numbers', values: [[0]] }, label: number });
  for (const [path, message] of [
    [paths, /its column image holds paths and no images; the files must be packed with it$/],
    [lists, /no column of encoded images; its columns are images \(lists\), label$/],
  ] as const)
    await assert.rejects(openSource(path, undefined), (error: Error) => {
      assert.match(error.message, message);
      return error instanceof UserError;
    });
});

test('a column that puts the rows of one file into several splits is refused', async () => {
  const file = (name: string, values: readonly string[]): string =>
    draw({
      image: { type: 'image', values: values.map((_, i) => Uint8Array.of(i)) },
      [name]: { type: 'STRING', values },
    });
  for (const name of ['split', 'Subset', 'data_split'])
    await assert.rejects(
      openSource(file(name, ['train', 'Training', 'test']), undefined),
      (error: Error) =>
        error instanceof UserError &&
        error.message.endsWith(
          `in several splits by its column ${name} (2 train, 1 test), but a file is in one; write each into one of its own, named by it`,
        ),
    );
  assert.equal((await openSource(file('split', ['train', 'train', 'extra']), undefined)).length, 3);
  // The label is no split, whatever it is called.
  assert.equal(
    (await openSource(`${file('set', ['train', 'test'])}#label=set`, undefined)).classes?.length,
    2,
  );
});
