import { UserError } from '../../errors.js';

/** A function of one pointer that returns one. */
export interface NativeFunction {
  (argument: bigint): bigint | null;
  async(argument: bigint, done: (error: Error | null, result: bigint | null) => void): void;
}

/** What we use of koffi, which calls functions of C libraries. */
export interface Koffi {
  /** @param path of a library; null: what is loaded already */
  load(path: string | null): {
    func(name: string, result: string, args: string[]): (...given: unknown[]) => unknown;
  };
  config(options: { sync_stack_size: number; async_stack_size: number }): void;
  proto(definition: string): object;
  decode(pointer: bigint, type: object): NativeFunction;
  address(memory: ArrayBufferView | ArrayBuffer): bigint;
  view(pointer: bigint, length: number): ArrayBuffer;
}

/** XLA's compiler calls itself deeply. */
const STACK = 16 * 2 ** 20;

let loaded: Promise<Koffi> | undefined;

/** @throws UserError where koffi, an optional dependency, is not installed */
export function loadKoffi(): Promise<Koffi> {
  loaded ??= load();
  return loaded;
}

async function load(): Promise<Koffi> {
  let koffi: Koffi;
  try {
    koffi = (await import('koffi')).default as unknown as Koffi;
  } catch {
    throw new UserError('XLA needs the package koffi, which is not installed: npm install koffi');
  }
  koffi.config({ sync_stack_size: STACK, async_stack_size: STACK });
  return koffi;
}
