import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encode } from 'fast-png';
import sharp from 'sharp';
import { random } from '../../src/random.js';

export const WIDTH = 30;
export const HEIGHT = 20;
export const classes = ['sky', 'road', 'car', 'frame'];
/** The class that counts for nothing. */
export const IGNORED = 3;
const colours = [
  [90, 150, 230],
  [110, 105, 100],
  [220, 40, 30],
] as const;

/** A sky over a road, a car on it, noise over all; the outermost pixels are ignored. */
export async function drawStreet(folder: string, name: string, seed: number): Promise<void> {
  const draw = random(seed);
  const horizon = Math.round(draw.between(5, 13));
  const [left, top] = [Math.round(draw.between(2, 17)), Math.round(draw.between(4, 10))];
  const mask = new Uint8Array(WIDTH * HEIGHT);
  const pixels = new Uint8Array(3 * WIDTH * HEIGHT);
  for (let pixel = 0; pixel < mask.length; pixel++) {
    const [x, y] = [pixel % WIDTH, Math.floor(pixel / WIDTH)];
    const isCar = x >= left && x < left + 10 && y >= top && y < top + 7;
    const label = isCar ? 2 : y < horizon ? 0 : 1;
    const outermost = x === 0 || y === 0 || x === WIDTH - 1 || y === HEIGHT - 1;
    mask[pixel] = outermost ? IGNORED : label;
    for (let i = 0; i < 3; i++) pixels[3 * pixel + i] = colours[label]![i]! + draw.between(-25, 25);
  }
  for (const part of ['images', 'annotations'])
    mkdirSync(join(folder, part, name, '..'), { recursive: true });
  await sharp(pixels, { raw: { width: WIDTH, height: HEIGHT, channels: 3 } })
    .png()
    .toFile(join(folder, 'images', `${name}.png`));
  writeFileSync(
    join(folder, 'annotations', `${name}.png`),
    encode({ width: WIDTH, height: HEIGHT, data: mask, channels: 1, depth: 8 }),
  );
}

/**
 * A folder of streets with masks, `train` and `val`, and a `dataset.json` that says what they are.
 * @param first number of the first street; equal numbers are equal streets
 */
export async function drawStreets(
  folder: string,
  training: number,
  validation: number,
  first = 0,
): Promise<void> {
  let seed = first;
  for (const [split, count] of [
    ['train', training],
    ['val', validation],
  ] as const)
    for (let i = 0; i < count; i++) await drawStreet(folder, join(split, String(i)), seed++);
  writeFileSync(join(folder, 'dataset.json'), JSON.stringify({ classes, ignored: IGNORED }));
}
