import { appendFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { BadSample } from '../../data/images.js';
import { UserError } from '../../errors.js';
import { parseJson, wholeLines } from '../../json-file.js';

const FILE = 'bad-samples.jsonl';
const listed = z.object({ sample: z.string(), reason: z.string() });

/** Whether a run skipped samples. */
export function hasBadSamples(run: string): boolean {
  return existsSync(join(run, FILE));
}

/** Samples that pretraining skipped because they cannot be read: a JSON line each in the run's `bad-samples.jsonl`. */
export class BadSamples {
  readonly #file: string;
  readonly #seen: Set<string>;

  /**
   * Goes on with what is listed already.
   * @param run the run's folder
   * @param images how many there are in all
   * @param share how many of them may be bad, 0 … 1
   * @throws UserError naming a line of the list that is none of ours
   */
  constructor(
    run: string,
    private readonly images: number,
    private readonly share: number,
  ) {
    this.#file = join(run, FILE);
    this.#seen = new Set(wholeLines(this.#file).map((line, i) => read(this.#file, line, i).sample));
  }

  /** Lists a bad sample, once. @throws UserError when there are too many, or no others */
  add({ sample, reason }: BadSample): void {
    if (!this.#seen.has(sample)) {
      this.#seen.add(sample);
      appendFileSync(this.#file, `${JSON.stringify({ sample, reason })}\n`);
    }
    const count = this.#seen.size;
    if (count <= this.share * this.images && count < this.images) return;
    const percent = (part: number): string => `${Number((100 * part).toPrecision(2))} %`;
    throw new UserError(
      `${sample}: ${reason}; ${count} of ${this.images} images cannot be read, more than the ${percent(this.share)} that badSamples allows: mend or remove those that ${this.#file} lists, or allow more with --set badSamples=${Math.min(1, Number(((2 * count) / this.images).toPrecision(1)))}`,
    );
  }

  /** One line for people; undefined when there are none. */
  describe(): string | undefined {
    const { size } = this.#seen;
    return size === 0
      ? undefined
      : `${size} of ${this.images} images cannot be read and are skipped: ${this.#file}`;
  }
}

function read(file: string, line: string, i: number): BadSample {
  const parsed = listed.safeParse(parseJson(line));
  if (parsed.success) return parsed.data;
  throw new UserError(`${file}, line ${i + 1}: no sample and reason; restore the file or remove the line`);
}
