import type { Koffi } from '../../koffi.js';

/** A number as C has it, or what an address is taken of; of a list, the address of the addresses. */
export type Word = bigint | number | Memory | readonly Memory[];

/** Bytes that C may be told of: they do not move, and live as long as what refers to them. */
export type Memory = ArrayBufferView | ArrayBuffer;

/** More bytes than our fields: a newer plugin finds zeros, its defaults, where it looks for fields that we do not know. */
const ROOM = 160;
/** The struct's size, and a pointer to extensions. */
const HEAD = 16;
const WORD = 8;

/** The arguments of a call, as C has them: what is not given is zero. */
export class Struct<F extends string> {
  readonly bytes: Buffer;
  /** Memory that is pointed to. */
  readonly #kept: Memory[] = [];

  constructor(
    private readonly koffi: Koffi,
    private readonly fields: readonly F[],
    values: Partial<Record<F, Word>>,
  ) {
    this.bytes = Buffer.from(new ArrayBuffer(HEAD + WORD * fields.length + ROOM));
    this.bytes.writeBigUInt64LE(BigInt(this.bytes.length));
    for (const [field, value] of Object.entries<Word | undefined>(values))
      if (value !== undefined) this.bytes.writeBigInt64LE(this.#word(value), this.#at(field as F));
  }

  /** A field, as C left it. */
  get(field: F): bigint {
    return this.bytes.readBigUInt64LE(this.#at(field));
  }

  #at(field: F): number {
    return HEAD + WORD * this.fields.indexOf(field);
  }

  #word(value: Word): bigint {
    if (typeof value !== 'object') return BigInt.asIntN(64, BigInt(value));
    if (isList(value)) return this.#word(words(value.map((each) => this.#word(each))));
    this.#kept.push(value);
    return BigInt.asIntN(64, this.koffi.address(value));
  }
}

const isList = (value: Word): value is readonly Memory[] => Array.isArray(value);

/** Many words, one behind the other. */
export function words(values: readonly (bigint | number)[]): BigInt64Array {
  const array = new BigInt64Array(new ArrayBuffer(Math.max(1, values.length) * WORD));
  values.forEach((value, i) => {
    array[i] = BigInt.asIntN(64, BigInt(value));
  });
  return array;
}

/** UTF-8, where C may be told of it. */
export function text(value: string): Buffer {
  const encoded = Buffer.from(value);
  const memory = Buffer.from(new ArrayBuffer(encoded.length));
  encoded.copy(memory);
  return memory;
}

/** Typed arrays of up to so many bytes lie among JavaScript's own objects, and move with them. */
const MOVING = 64;

/** The same numbers where they stay. */
export function fixed<T extends ArrayBufferView>(array: T): T | Buffer {
  if (array.byteLength > MOVING) return array;
  const memory = Buffer.from(new ArrayBuffer(array.byteLength));
  memory.set(new Uint8Array(array.buffer, array.byteOffset, array.byteLength));
  return memory;
}
