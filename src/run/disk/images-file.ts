import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { z } from 'zod';
import { imagesMissing, parseKept } from '../kept-images.js';
import { writeAtomically } from './atomic-file.js';

const pathIn = (folder: string): string => join(folder, 'images.json');

/** Which images a run, or an adapted model, holds out and was trained on. @throws UserError where nothing says so */
export function keptIn<T>(folder: string, schema: z.ZodType<T>): T {
  const file = pathIn(folder);
  if (existsSync(file)) return parseKept(schema, readFileSync(file, 'utf8'), file);
  throw imagesMissing(file);
}

export function writeImages(folder: string, images: unknown): void {
  writeAtomically(pathIn(folder), [new TextEncoder().encode(`${JSON.stringify(images)}\n`)]);
}
