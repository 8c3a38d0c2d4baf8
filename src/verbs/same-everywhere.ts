import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { UserError } from '../errors.js';
import { gather } from '../ranks/exchange.js';
import type { Ranks } from '../ranks/ranks.js';
import { differences, type Tree } from '../run/settings.js';

/**
 * Refuses to train where ranks are not alike.
 * @param own what this rank has
 * @throws UserError, on all ranks, naming the first rank that has something else than rank 0, the key and both values
 */
export async function checkSameEverywhere(ranks: Ranks, own: Tree): Promise<void> {
  const [wanted = {}, ...others] = await gather(ranks, own);
  for (const [i, other] of others.entries()) {
    const [different] = differences(wanted, other);
    if (different === undefined) continue;
    const { key, before, now } = different;
    throw new UserError(
      `rank ${i + 1} has ${key} ${JSON.stringify(now)}, rank 0 ${JSON.stringify(before)}: start all ranks with the same command, code and data`,
      2,
    );
  }
}

/** SHA-256 of texts, in their order; of it the first 16 digits. */
export function shortDigest(texts: Iterable<string>): string {
  const hash = createHash('sha256');
  for (const text of texts) hash.update(text).update('\0');
  return hash.digest('hex').slice(0, 16);
}

/** A digest of our own code, as it lies on this machine. */
export function codeDigest(): string {
  const root = fileURLToPath(new URL('..', import.meta.url));
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.[jt]s$/.test(file))
    .sort();
  return shortDigest(files.flatMap((file) => [file, readFileSync(join(root, file), 'utf8')]));
}
