import type { Program } from '../tensor/index.js';
import { type Engine, type Executable, type Feeds, take, type Value } from './engine.js';

/** Programs compiled at their first use, by name, and used again with other weights. */
export class Compiled {
  readonly #executables = new Map<string, Promise<Executable>>();

  /** @param signal nothing is run any more once it is aborted */
  constructor(
    private readonly engine: Engine,
    private readonly signal?: AbortSignal,
  ) {}

  /**
   * Runs a program whose outputs are float32, not nested.
   * @param name must tell programs of other sizes apart
   * @param make traces it, when it is wanted for the first time
   * @returns its outputs by name
   * @throws the reason of the signal that stopped it
   */
  async run<K extends string>(
    name: string,
    make: () => Program<unknown, Record<K, unknown>>,
    feeds: unknown,
  ): Promise<Record<K, Float32Array>> {
    this.signal?.throwIfAborted();
    const known = this.#executables.get(name) ?? (this.engine.compile(make()) as Promise<Executable>);
    this.#executables.set(name, known);
    const results = (await (await known).run(feeds as Feeds<unknown>)) as Record<string, Value>;
    const read = await Promise.all(
      Object.entries(results).map(async ([key, value]) => [key, await take(value)] as const),
    );
    return Object.fromEntries(read) as Record<K, Float32Array>;
  }

  async dispose(): Promise<void> {
    const executables = [...this.#executables.values()];
    this.#executables.clear();
    for (const executable of executables) (await executable).dispose();
  }
}
