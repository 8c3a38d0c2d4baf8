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
export async function shortDigest(texts: readonly string[]): Promise<string> {
  const bytes = new TextEncoder().encode(texts.map((text) => `${text}\0`).join(''));
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return Array.from(hash.subarray(0, 8), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
