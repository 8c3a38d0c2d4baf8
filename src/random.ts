/** What a stream of random numbers is for: one of the keys of {@link random}, so that two uses of the same
 *  (seed, step, sample) never see the same numbers. Values are part of what a seed means: add, don't renumber. */
export const purpose = {
  crop: 1,
  jitter: 2,
  mask: 3,
  order: 4,
  initialise: 5,
  evaluate: 6,
  scene: 7,
  bench: 8,
  substitute: 9,
  labels: 10,
  rotation: 11,
  variant: 12,
  context: 13,
} as const;

/** A stream of random numbers; made by {@link random}, fully determined by its keys. */
export interface Random {
  /** Uniform in [0, 1), a multiple of 2⁻³². */
  next(): number;
  /** Uniform in [low, high). */
  between(low: number, high: number): number;
  /** Uniform among 0 … n−1, for 1 ≤ n ≤ 2³². */
  integer(n: number): number;
  /** Standard normal (mean 0, variance 1). */
  normal(): number;
  /** True with the given probability. */
  chance(probability: number): boolean;
  /** Shuffles in place (Fisher–Yates) and returns its argument. */
  shuffle<T extends { length: number; [index: number]: unknown }>(items: T): T;
  /** A random order of 0 … n−1, as Int32 [n]. */
  permutation(n: number): Int32Array;
}

const TWO_32 = 4294967296;

/** Philox 4×32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011): replaces the four
 *  32-bit words of `block` (the counter) by the cipher's output under the key (k0, k1). */
export function philox(block: Uint32Array, k0: number, k1: number): void {
  let a = block[0] ?? 0;
  let b = block[1] ?? 0;
  let c = block[2] ?? 0;
  let d = block[3] ?? 0;
  for (let round = 0; round < 10; round++) {
    const highA = multiplyHigh(0xd2511f53, a);
    const lowA = Math.imul(0xd2511f53, a);
    const highC = multiplyHigh(0xcd9e8d57, c);
    const lowC = Math.imul(0xcd9e8d57, c);
    a = highC ^ b ^ k0;
    b = lowC;
    c = highA ^ d ^ k1;
    d = lowA;
    k0 = (k0 + 0x9e3779b9) | 0;
    k1 = (k1 + 0xbb67ae85) | 0;
  }
  block[0] = a;
  block[1] = b;
  block[2] = c;
  block[3] = d;
}

/** The upper 32 bits of the product of two unsigned 32-bit integers. */
function multiplyHigh(x: number, y: number): number {
  const xLow = x & 0xffff;
  const xHigh = x >>> 16;
  const yLow = y & 0xffff;
  const yHigh = y >>> 16;
  // No sum reaches 2³²: (2¹⁶ − 1)² + 2¹⁶ − 1 < 2³².
  const middle = (Math.imul(xHigh, yLow) >>> 0) + (Math.imul(xLow, yLow) >>> 16);
  const cross = (Math.imul(xLow, yHigh) >>> 0) + (middle & 0xffff);
  return (Math.imul(xHigh, yHigh) + (middle >>> 16) + (cross >>> 16)) | 0;
}

/** The stream of random numbers belonging to (seed, keys…), for example (seed, step, sample, purpose.crop).
 *  Nothing is remembered between calls: the same integers give the same numbers at any time, in any order,
 *  so a step can be replayed alone and a resumed run needs no generator state.
 *  @param seed a safe integer
 *  @param keys safe integers; their order and number matter
 *  @throws RangeError when a key is not an integer */
export function random(seed: number, ...keys: number[]): Random {
  const state = new Uint32Array(4);
  absorb(state, seed);
  for (const key of keys) absorb(state, key);
  return new Stream(state);
}

/** Hashes one more integer into the 128-bit state. */
function absorb(state: Uint32Array, value: number): void {
  if (!Number.isSafeInteger(value)) throw new RangeError(`random: key ${value} is not an integer`);
  const k0 = state[0] ?? 0;
  const k1 = state[1] ?? 0;
  state[0] = value;
  state[1] = Math.floor(value / TWO_32);
  philox(state, k0, k1);
}

class Stream implements Random {
  private readonly block = new Uint32Array(4);
  private blocks = 0;
  private used = 4;
  private spare: number | undefined;

  constructor(private readonly key: Uint32Array) {}

  next(): number {
    const { block, key } = this;
    if (this.used === 4) {
      block[0] = this.blocks;
      block[1] = Math.floor(this.blocks / TWO_32);
      block[2] = key[2] ?? 0;
      block[3] = key[3] ?? 0;
      philox(block, key[0] ?? 0, key[1] ?? 0);
      this.blocks += 1;
      this.used = 0;
    }
    return (block[this.used++] ?? 0) / TWO_32;
  }

  between(low: number, high: number): number {
    return low + (high - low) * this.next();
  }

  integer(n: number): number {
    return Math.floor(this.next() * n);
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  normal(): number {
    const { spare } = this;
    this.spare = undefined;
    if (spare !== undefined) return spare;
    // Box–Muller; 1 − u lies in (0, 1], so the logarithm is finite.
    const radius = Math.sqrt(-2 * Math.log(1 - this.next()));
    const angle = 2 * Math.PI * this.next();
    this.spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  }

  shuffle<T extends { length: number; [index: number]: unknown }>(items: T): T {
    const list: { [index: number]: unknown } = items;
    for (let last = items.length - 1; last > 0; last--) {
      const other = this.integer(last + 1);
      const moved = list[last];
      list[last] = list[other];
      list[other] = moved;
    }
    return items;
  }

  permutation(n: number): Int32Array {
    const order = new Int32Array(n);
    for (let index = 0; index < n; index++) order[index] = index;
    return this.shuffle(order);
  }
}
