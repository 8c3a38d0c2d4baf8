import { UserError } from '../../errors.js';
import { type Koffi, loadKoffi, type NativeFunction } from '../../koffi.js';
import { calls, HEAD, MAJOR, OLDEST_MINOR, structs, VERSION } from './pjrt-calls.js';
import { Struct, type Word } from './struct.js';

type Calls = typeof calls;
type Structs = typeof structs;
export type CallName = keyof Calls;
export type Arguments<N extends CallName> = Partial<Record<Calls[N][1][number], Word>>;
export type Answers<N extends CallName> = Struct<Calls[N][1][number]>;

const WORD = 8;

/** What a plugin refuses, in its words. */
export class PluginError extends Error {
  override name = 'PluginError';
}

/** A plugin's functions. */
export class Pjrt {
  readonly #functions = new Map<CallName, NativeFunction>();

  private constructor(
    readonly koffi: Koffi,
    /** Of the interface that the plugin has: `0.115`. */
    readonly version: string,
    table: BigUint64Array,
  ) {
    const type = koffi.proto('void *(void *)');
    for (const [name, [place]] of Object.entries(calls))
      this.#functions.set(name as CallName, koffi.decode(table[HEAD / WORD + place] as bigint, type));
  }

  /**
   * Loads a plugin. Nothing of it is called before its interface is known to be ours.
   * @param path of a shared library
   * @throws UserError where koffi is missing, or the file is no plugin, or one of another interface
   */
  static async load(path: string): Promise<Pjrt> {
    const koffi = await loadKoffi('XLA');
    let start: bigint;
    try {
      start = koffi.load(path).func('GetPjrtApi', 'void *', [])() as bigint;
      keepLoaded(koffi, path);
    } catch (error) {
      const reason = (error as Error).message;
      throw new UserError(`${path} is no PJRT plugin that can be used here: ${reason}`);
    }
    const { version, size } = checkInterface(path, Buffer.from(koffi.view(start, HEAD)));
    const pjrt = new Pjrt(koffi, version, new BigUint64Array(koffi.view(start, size).slice(0)));
    await pjrt.call('Plugin_Initialize', {});
    return pjrt;
  }

  /**
   * Calls a function on a thread of its own, so that whatever it takes, others go on.
   * @throws PluginError
   */
  async call<N extends CallName>(name: N, values: Arguments<N>): Promise<Answers<N>> {
    const args = this.#struct(name, values);
    const error = await new Promise<bigint | null>((resolve, reject) =>
      this.#function(name).async(this.koffi.address(args.bytes), (failure, result) =>
        failure ? reject(failure) : resolve(result),
      ),
    );
    this.#check(error);
    return args;
  }

  /** Calls a function that takes no time. @throws PluginError */
  callNow<N extends CallName>(name: N, values: Arguments<N>): Answers<N> {
    const args = this.#struct(name, values);
    this.#check(this.#function(name)(this.koffi.address(args.bytes)));
    return args;
  }

  /** Waits for an event, and frees it. @throws PluginError the event's own */
  async wait(event: bigint): Promise<void> {
    if (event === 0n) return;
    try {
      await this.call('Event_Await', { event });
    } finally {
      this.callNow('Event_Destroy', { event });
    }
  }

  /** A struct that arguments point to. */
  struct<N extends keyof Structs>(
    name: N,
    values: Partial<Record<Structs[N][number], Word>>,
  ): Struct<Structs[N][number]> {
    return new Struct(this.koffi, structs[name], values);
  }

  /** Bytes that C holds; a copy. */
  read(pointer: bigint, size: bigint): Buffer {
    return Buffer.from(this.koffi.view(pointer, Number(size)).slice(0));
  }

  /** Calls the function that C gave to free what it gave. */
  release(destroy: bigint, what: bigint): void {
    this.koffi.decode(destroy, this.koffi.proto('void *(void *)'))(what);
  }

  #struct<N extends CallName>(name: N, values: Arguments<N>): Answers<N> {
    return new Struct<Calls[N][1][number]>(this.koffi, calls[name][1], values);
  }

  #function(name: CallName): NativeFunction {
    return this.#functions.get(name) as NativeFunction;
  }

  #check(error: bigint | null): void {
    if (error === null || error === 0n) return;
    const told = this.#struct('Error_Message', { error });
    this.#function('Error_Message')(this.koffi.address(told.bytes));
    const message = this.read(told.get('message'), told.get('size')).toString();
    this.#function('Error_Destroy')(this.koffi.address(this.#struct('Error_Destroy', { error }).bytes));
    throw new PluginError(message);
  }
}

/** dlopen's RTLD_NOW, the same number everywhere. */
const RTLD_NOW = 2;

/**
 * Has the library stay: koffi unloads it before the process's own last work, some of which is the plugin's.
 * @param path of a library that is loaded
 */
function keepLoaded(koffi: Koffi, path: string): void {
  if (process.platform === 'win32') return;
  koffi.load(null).func('dlopen', 'void *', ['str', 'int'])(path, RTLD_NOW);
}

/**
 * Whether a plugin has the interface that we call.
 * @param head of its `PJRT_Api`
 * @returns its version, and bytes of the whole table
 * @throws UserError
 */
export function checkInterface(path: string, head: Buffer): { version: string; size: number } {
  const [major, minor] = [head.readInt32LE(VERSION), head.readInt32LE(VERSION + 4)];
  const size = Number(head.readBigUInt64LE(0));
  const needed = HEAD + WORD * (1 + Math.max(...Object.values(calls).map(([place]) => place)));
  if (major !== MAJOR || minor < OLDEST_MINOR || size < needed)
    throw new UserError(
      `${path} has version ${major}.${minor} of the PJRT interface (${size} bytes); ` +
        `${MAJOR}.${OLDEST_MINOR} or a later ${MAJOR}.x (${needed} bytes) is needed: install another plugin`,
    );
  return { version: `${major}.${minor}`, size };
}
