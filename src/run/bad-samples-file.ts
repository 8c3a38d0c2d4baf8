import { z } from 'zod';
import type { BadSample } from '../data/image-set.js';
import { UserError } from '../errors.js';
import { parseJson } from '../json.js';
import { placeOf, type RunFiles, readLines } from './run-files.js';
import type { BadSampleList } from './run-store.js';

const FILE = 'bad-samples.jsonl';

const listed = z.object({ sample: z.string(), reason: z.string() });

/** The skipped samples of a run: a JSON line each in its `bad-samples.jsonl`, which is there once one was skipped. */
export function badSamplesFile(files: RunFiles): BadSampleList {
  const name = placeOf(files, FILE);
  const parse = (line: string, i: number): BadSample => {
    const parsed = listed.safeParse(parseJson(line));
    if (parsed.success) return parsed.data;
    throw new UserError(`${name}, line ${i + 1}: no sample and reason; restore the file or remove the line`);
  };
  return {
    name,
    read: async () => (await readLines(files, FILE)).map(parse),
    add: ({ sample, reason }) => files.append(FILE, `${JSON.stringify({ sample, reason })}\n`),
  };
}
