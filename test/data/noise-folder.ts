import { copyFileSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import sharp from 'sharp';
import { type Random, random } from '../../src/random.js';

/** Side of the images. */
export const SIDE = 8;

/** An image of noise, always the same for a number. @param path ends in .png or .tif */
export async function paintNoise(path: string, number: number): Promise<void> {
  mkdirSync(dirname(path), { recursive: true });
  const draw = random(31, number);
  const pixels = Uint8Array.from({ length: SIDE * SIDE * 3 }, () => draw.integer(256));
  await sharp(pixels, { raw: { width: SIDE, height: SIDE, channels: 3 } }).toFile(path);
}

/** The files in a folder, in sub-folders too. */
export const filesOf = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();

/** What people do to a folder of classes `a` and `b` between training and evaluation. */
const changes: Readonly<Record<string, (folder: string, one: string, draw: Random) => Promise<void> | void>> =
  {
    add: (folder, _, draw) =>
      paintNoise(
        join(folder, 'ab'.charAt(draw.integer(2)), `${draw.integer(1e6)}-new.png`),
        draw.integer(1e9),
      ),
    duplicate: (folder, one, draw) =>
      copyFileSync(one, join(folder, 'ab'.charAt(draw.integer(2)), `${draw.integer(1e6)}-${basename(one)}`)),
    remove: (_, one) => rmSync(one),
    rename: (_, one, draw) =>
      renameSync(one, join(dirname(one), `${draw.integer(1e6)}.${one.split('.').at(-1)}`)),
    relabel: (folder, one, draw) =>
      renameSync(one, join(folder, 'ab'.charAt(draw.integer(2)), basename(one))),
    swap: (folder, one, draw) => {
      const other = draw.shuffle(filesOf(folder).filter((file) => file !== one && endsAlike(file, one)))[0];
      if (other === undefined) return;
      renameSync(one, `${one}.aside`);
      renameSync(other, one);
      renameSync(`${one}.aside`, other);
    },
    overwrite: (folder, one, draw) => {
      const other = draw.shuffle(filesOf(folder).filter((file) => file !== one && endsAlike(file, one)))[0];
      if (other !== undefined) copyFileSync(other, one);
    },
    'encode anew': async (_, one) => {
      await sharp(one).toFile(one.endsWith('.png') ? `${one}.tif` : `${one}.png`);
      rmSync(one);
    },
  };
const endsAlike = (one: string, other: string): boolean => one.slice(-4) === other.slice(-4);

/** Changes a folder at random, so many times. @returns what was done */
export async function disturb(folder: string, times: number, draw: Random): Promise<string[]> {
  const done: string[] = [];
  for (let i = 0; i < times; i++) {
    const files = filesOf(folder);
    const one = files[draw.integer(files.length)] as string;
    const what = draw.shuffle(Object.keys(changes))[0] as string;
    await changes[what]?.(folder, one, draw);
    done.push(`${what} ${basename(one)}`);
  }
  return done;
}
