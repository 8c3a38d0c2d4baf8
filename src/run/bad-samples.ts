import type { BadSample } from '../data/image-set.js';
import { UserError } from '../errors.js';
import type { BadSampleList } from './run-store.js';

/** What a sentence names one by one. */
const NAMED = 3;

/** Which images are looked at, and how many of them may be unreadable. */
export interface BadSamplesOptions {
  /** How many there are in all. */
  readonly images: number;
  /** Share of them that may be bad, 0 … 1; where it is not 0, one always may. */
  readonly share: number;
  /** Where they are listed; nowhere but in the sentence where absent. */
  readonly list?: BadSampleList | undefined;
  /** What to do where there are too many, beside mending or removing them. */
  readonly instead?: string;
}

/** Counts the samples that are skipped because they cannot be read, and lists each once. */
export class BadSamples {
  private constructor(
    private readonly options: BadSamplesOptions,
    private readonly seen: Map<string, string>,
  ) {}

  /** Goes on with what is listed already. @throws UserError naming an entry of the list that is none of ours */
  static async open(options: BadSamplesOptions): Promise<BadSamples> {
    const listed = (await options.list?.read()) ?? [];
    return new BadSamples(options, new Map(listed.map(({ sample, reason }) => [sample, reason])));
  }

  /** Takes note of a bad sample, once. @throws UserError when there are too many, or no others */
  async add({ sample, reason }: BadSample): Promise<void> {
    const { images, share, instead, list } = this.options;
    if (!this.seen.has(sample)) {
      this.seen.set(sample, reason);
      await list?.add({ sample, reason });
    }
    const count = this.seen.size;
    const allowed = share === 0 ? 0 : Math.max(1, Math.floor(share * images + 1e-9));
    if (count <= allowed && count < images) return;
    const percent = (part: number): string => `${Number((100 * part).toPrecision(2))} %`;
    const which = list === undefined ? 'them' : `those that ${list.name} lists`;
    const enough = Math.min(1, Number(((2 * count) / images).toPrecision(1)));
    throw new UserError(
      `${sample}: ${reason}; ${count} of ${images} images cannot be read, more than the ${percent(share)} that badSamples allows: mend or remove ${which}${instead === undefined ? '' : `, or ${instead} --set badSamples=${enough}`}`,
    );
  }

  /** One line for people; undefined when there are none. */
  describe(): string | undefined {
    const { size } = this.seen;
    if (size === 0) return undefined;
    const named = [...this.seen].slice(0, NAMED).map(([sample, reason]) => `${sample} (${reason})`);
    const more = size > NAMED ? `, and ${size - NAMED} more` : '';
    const { images, list } = this.options;
    const where = list === undefined ? '' : `; listed in ${list.name}`;
    return `${size} of ${images} images cannot be read and ${size === 1 ? 'is' : 'are'} skipped: ${named.join(', ')}${more}${where}`;
  }
}
