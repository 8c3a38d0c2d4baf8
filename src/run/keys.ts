import { distance } from 'fastest-levenshtein';
import { z } from 'zod';

/** A key that can be set, by its dotted name, and what it means. */
export interface Key {
  readonly key: string;
  readonly meaning: string;
}

interface Described {
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Described>>;
}

/** All keys of a schema, in its order, with the descriptions that it gives them. */
export function keysOf(schema: z.ZodType): Key[] {
  const walk = ({ description = '', properties }: Described, key: string): Key[] =>
    properties === undefined
      ? [{ key, meaning: description }]
      : Object.entries(properties).flatMap(([name, inner]) =>
          walk(inner, key === '' ? name : `${key}.${name}`),
        );
  return walk(z.toJSONSchema(schema, { unrepresentable: 'any' }) as Described, '');
}

/** Letters that may be wrong, as a share of a key's. */
const TYPOS = 0.4;

const lastOf = (key: string): string => key.slice(key.lastIndexOf('.') + 1);

/** The key that was probably meant: of the same last name, else the one spelled most alike; undefined where none is. */
export function nearestKey(given: string, keys: readonly Key[]): string | undefined {
  const ranked = keys
    .map(({ key }) => {
      const whole = distance(given, key);
      const last = distance(lastOf(given), lastOf(key));
      return { key, typos: Math.min(whole, last), whole };
    })
    .sort((a, b) => a.typos - b.typos || a.whole - b.whole);
  const [best] = ranked;
  return best !== undefined && best.typos <= TYPOS * lastOf(given).length ? best.key : undefined;
}
