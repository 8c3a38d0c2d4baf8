import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { adapt } from '../../src/adapt/adapt.js';
import type { AdaptationResult, TaskResult } from '../../src/adapt/result.js';
import type { AdaptationChoices, TaskChoice } from '../../src/adapt/settings.js';
import { UserError } from '../../src/errors.js';
import { random } from '../../src/random.js';
import { resolve } from '../../src/run/config.js';
import { readSafetensors } from '../../src/run/disk/safetensors-file.js';
import { set } from '../../src/run/settings.js';
import { pretrain } from '../../src/verbs/pretrain.js';
import { tiny } from '../train/tiny-run.js';

/** Where the light comes from in an image of each class. */
const classes = { bottom: [1, 0], left: [0, -1], right: [0, 1], top: [-1, 0] } as const;
const SIDE = 16;

/** One 16 × 16 image: noise of any colour, lighter towards the side that its class names. */
export async function paint(path: string, name: keyof typeof classes, seed: number): Promise<void> {
  mkdirSync(join(path, '..'), { recursive: true });
  const draw = random(seed);
  const [down, right] = classes[name];
  const colour = [draw.between(60, 120), draw.between(60, 120), draw.between(60, 120)];
  const pixels = new Uint8Array(SIDE * SIDE * 3);
  for (let i = 0; i < pixels.length; i++) {
    const pixel = Math.floor(i / 3);
    const slope = (down * (Math.floor(pixel / SIDE) - 7.5) + right * ((pixel % SIDE) - 7.5)) / 7.5;
    pixels[i] = colour[i % 3]! + 40 * slope + draw.between(-30, 30);
  }
  await sharp(pixels, { raw: { width: SIDE, height: SIDE, channels: 3 } })
    .png()
    .toFile(path);
}

/** A folder of four classes, `train` and `validation`. */
export async function paintWorld(folder: string, training: number, validation: number): Promise<void> {
  let seed = 0;
  for (const [split, count] of [
    ['train', training],
    ['validation', validation],
  ] as const)
    for (const name of Object.keys(classes) as (keyof typeof classes)[])
      for (let i = 0; i < count; i++) await paint(join(folder, split, name, `${i}.png`), name, seed++);
}

/** A pretrained run on the folder: two blocks of width 16 each, a few steps. */
export async function pretrainTiny(folder: string, run: string): Promise<void> {
  const config = resolve('demo', {
    ...tiny,
    data: [folder],
    'encoder.width': 16,
    'encoder.heads': 2,
    steps: 10,
    'health.images': 2,
  });
  await pretrain(config, { out: run, threads: 1 });
}

/** What may be said otherwise: any choice; of one task its kind, data and head; the predictor by its weights alone. */
type Otherwise = Omit<Partial<AdaptationChoices>, 'predictor'> &
  Omit<Partial<TaskChoice>, 'name'> & { readonly predictor?: 'pretrained' | 'random' | 'none' };

/** Adapts the run to the images' classes in a moment: two epochs of 40 labels; into `folder`, by name. */
export function quickly(run: string, images: string, folder: string) {
  const quick = { epochs: 2, batch: 16, limit: 40, 'cache.kept': 'memory' };
  return (
    name: string,
    { data = [images], task = 'classification', head, predictor, ...choices }: Otherwise,
    more: Record<string, unknown> = {},
  ): Promise<AdaptationResult> => {
    const weights = predictor === undefined ? {} : { 'predictor.weights': predictor };
    const base = { run, tasks: [{ task, data, ...(head === undefined ? {} : { head }) }], ...choices };
    return adapt(set(base, { ...quick, ...weights, ...more }) as unknown as AdaptationChoices, {
      out: join(folder, name),
      threads: 1,
    });
  };
}

/** What a model came to in its only task, a classification. */
export function named({ tasks }: AdaptationResult): Extract<TaskResult, { task: 'classification' }> {
  const [task] = tasks;
  if (task?.task !== 'classification') throw new Error('no classification');
  return task;
}

/** The tensors of a model's folder by name. */
export const weightsOf = (path: string): Map<string, Float32Array> =>
  new Map(
    [...readSafetensors(join(path, 'model.safetensors')).tensors].map(([name, { data }]) => [name, data]),
  );

/** Bits, so that 0 and −0 differ and nothing is rounded. */
export const bits = (data: Float32Array): Uint32Array =>
  new Uint32Array(data.buffer, data.byteOffset, data.length);

/** One line for people, and this exit code: what a mistake has to come to. */
export const refuses = (promise: Promise<unknown>, code: 1 | 2, pattern: RegExp): Promise<void> =>
  assert.rejects(promise, (error: Error) => {
    assert.ok(error instanceof UserError, String(error));
    assert.match(error.message, pattern);
    assert.equal(error.exitCode, code);
    assert.ok(!error.message.includes('\n'));
    return true;
  });
