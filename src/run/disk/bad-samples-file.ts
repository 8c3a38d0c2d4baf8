import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { BadSample } from '../../data/image-set.js';
import { UserError } from '../../errors.js';
import { parseJson } from '../../json.js';
import { wholeLines } from '../../json-file.js';
import type { BadSampleList } from '../run-store.js';

const listed = z.object({ sample: z.string(), reason: z.string() });

/** The skipped samples of a run: a JSON line each in its `bad-samples.jsonl`, which is there once one was skipped. */
export function badSamplesFile(run: string): BadSampleList {
  const name = join(run, 'bad-samples.jsonl');
  return {
    name,
    read: () => wholeLines(name).map((line, i) => parse(name, line, i)),
    add: ({ sample, reason }) => appendFileSync(name, `${JSON.stringify({ sample, reason })}\n`),
  };
}

function parse(file: string, line: string, i: number): BadSample {
  const parsed = listed.safeParse(parseJson(line));
  if (parsed.success) return parsed.data;
  throw new UserError(`${file}, line ${i + 1}: no sample and reason; restore the file or remove the line`);
}
