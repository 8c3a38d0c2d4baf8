import type { Ranks } from './ranks.js';

/** What each rank gives, by rank; on every rank. JSON. */
export async function gather<T>(ranks: Ranks, own: T): Promise<T[]> {
  if (ranks.size === 1) return [own];
  const all: T[] = [];
  for (let root = 0; root < ranks.size; root++) all.push(await tell(ranks, own, root));
  return all;
}

/** What rank `root` gives, on every rank. JSON. */
export async function tell<T>(ranks: Ranks, own: T, root = 0): Promise<T> {
  if (ranks.size === 1) return own;
  const text = new TextEncoder().encode(ranks.rank === root ? JSON.stringify(own) : '');
  const length = new Float64Array([text.length]);
  await ranks.broadcast(new Uint8Array(length.buffer), root);
  const bytes = ranks.rank === root ? text : new Uint8Array(length[0] as number);
  await ranks.broadcast(bytes, root);
  return JSON.parse(new TextDecoder().decode(bytes)) as T;
}

/** Whether it holds on any rank. */
export async function onAny(ranks: Ranks, holds: boolean): Promise<boolean> {
  const count = new Float32Array([holds ? 1 : 0]);
  await ranks.sum(count);
  return count[0] !== 0;
}
