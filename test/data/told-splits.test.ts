import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { openSource } from '../../src/data/open-source.js';
import { UserError } from '../../src/errors.js';
import { drawParquet } from './draw-parquet.js';
import { tarOf } from './tar.js';

const folder = mkdtempSync(join(tmpdir(), 'iwm-told-'));
after(() => rmSync(folder, { recursive: true }));

/** What each image is said to be in. */
type Said = Readonly<Record<string, readonly string[]>>;

/** Writes files whose rows or samples say their splits, by the file's name without its ending. */
const writers = {
  parquet(into: string, files: Said): void {
    for (const [name, values] of Object.entries(files))
      drawParquet(join(into, `${name}.parquet`), {
        image: { type: 'image', values: values.map((_, i) => Uint8Array.of(i)) },
        split: { type: 'STRING', values },
      });
  },
  tar(into: string, files: Said): void {
    for (const [name, values] of Object.entries(files)) {
      const members = values.flatMap((split, i) => [
        [`${i}.png`, Buffer.of(i)],
        [`${i}.json`, JSON.stringify({ label: i % 2, split })],
      ]);
      const path = join(into, `${name}.tar`);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, tarOf(Object.fromEntries(members)));
    }
  },
};

let count = 0;
for (const [kind, by] of [
  ['parquet', 'its column split'],
  ['tar', 'a key in its .json'],
] as const) {
  const write = (files: Said): string => {
    const into = join(folder, `${kind}-${count++}`);
    writers[kind](into, files);
    return into;
  };
  const notes = async (source: string): Promise<readonly string[]> => {
    const said = (await openSource(source, undefined)).notes ?? [];
    return said.filter((note) => note.includes(by));
  };
  const refused = (source: string, message: string): Promise<void> =>
    assert.rejects(
      openSource(source, undefined),
      (error: Error) => error instanceof UserError && error.message === `${source}/${message}`,
    );

  test(`${kind}: images of several splits in one file, or in files read as one, are refused`, async () => {
    await refused(
      write({ a: ['train', 'Training', 'test'] }),
      `a.${kind}: in several splits by ${by} (2 train, 1 test), but a file is in one; write each into one of its own, named by it`,
    );
    const two = write({ a: ['train', 'train'], b: ['dev'] });
    await refused(
      two,
      `b.${kind}: validation by ${by}, but it would be read with ${two}/a.${kind}, which is train; name both by their splits, or list them under splits in a dataset.json`,
    );
    // The way out that the message tells.
    writeFileSync(
      join(two, 'dataset.json'),
      JSON.stringify({ splits: { train: [`a.${kind}`], validation: ['b'] } }),
    );
    const { split, length } = await openSource(two, undefined);
    assert.deepEqual({ split, length }, { split: 'train', length: 2 });
    assert.deepEqual(await notes(two), []);
  });

  test(`${kind}: a file read as another split than its contents say is told of`, async () => {
    assert.deepEqual(await notes(write({ a: ['test', 'test'] })), [
      `a.${kind} is test by ${by}, but read as all`,
    ]);
    const both = write({ train: ['val', 'other'], test: ['test'] });
    assert.deepEqual(await notes(both), [`train.${kind} is validation by ${by}, but read as train`]);
    assert.deepEqual(await notes(write({ train: ['train'], test: ['test'] })), []);
    assert.deepEqual(await notes(write({ a: ['small', 'large'] })), []);
  });
}
