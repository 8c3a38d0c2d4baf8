import { UserError } from './errors.js';

/** A function of a C library. */
export interface NativeFunction<Given extends readonly unknown[] = [bigint], Result = bigint | null> {
  (...given: Given): Result;
  /** On a thread of its own. */
  async(...given: [...Given, done: (error: Error | null, result: Result) => void]): void;
}

/** A C library. */
export interface Library {
  /** @throws Error where the library has no such function */
  func(name: string, result: string, args: readonly string[]): NativeFunction<unknown[], unknown>;
  /** The address of a variable or function. @throws Error where there is none */
  symbol(name: string): bigint;
}

/** What we use of koffi, which calls functions of C libraries. */
export interface Koffi {
  /**
   * @param path of a library; null: what is loaded already
   * @param options.global whether libraries that are loaded later find its symbols
   */
  load(path: string | null, options?: { readonly global: boolean }): Library;
  config(options: { sync_stack_size: number; async_stack_size: number }): void;
  proto(definition: string): object;
  decode(pointer: bigint, type: object): NativeFunction;
  address(memory: ArrayBufferView | ArrayBuffer): bigint;
  view(pointer: bigint, length: number): ArrayBuffer;
}

/** XLA's compiler calls itself deeply, and MPICH needs more than koffi gives a thread, too. */
const STACK = 16 * 2 ** 20;

let loaded: Promise<Koffi> | undefined;

/** @param what needs it @throws UserError where koffi, an optional dependency, is not installed */
export async function loadKoffi(what: string): Promise<Koffi> {
  loaded ??= load();
  try {
    return await loaded;
  } catch {
    throw new UserError(`${what} needs the package koffi, which is not installed: npm install koffi`);
  }
}

async function load(): Promise<Koffi> {
  const koffi = (await import('koffi')).default as unknown as Koffi;
  koffi.config({ sync_stack_size: STACK, async_stack_size: STACK });
  return koffi;
}
