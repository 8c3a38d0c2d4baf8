import { UserError } from '../../errors.js';
import { isTensor, mapTree, type Program, simplify, staticSizes, toStableHlo } from '../../tensor/index.js';
import type { Executable, Feeds, Results } from '../engine.js';
import { type Numbers, readFeeds, symbolicSizes } from '../feeds.js';
import type { DeviceArray, DeviceBuffer, Loaded, XlaClient } from './client.js';
import { compileOrLoad } from './kept-programs.js';
import { PluginError } from './pjrt.js';
import { type Spread, XlaValue } from './value.js';

const isXlaValue = (value: unknown): value is XlaValue => value instanceof XlaValue;

/** The first line, which says what is wrong; the plugin's own code may follow. */
const firstLine = (text: string): string => text.trim().split('\n')[0] ?? '';

/** How a program is run. */
export interface Running {
  /** As it was asked for. */
  readonly device: string;
  readonly client: XlaClient;
  /** How many run it together. */
  readonly devices: number;
  /** Paths of inputs that outputs are the next numbers of. */
  readonly updated: ReadonlySet<string>;
  /** Whether the devices share out what has this path, where they divide its first axis. */
  readonly isShared: (path: string) => boolean;
}

/** A program on devices, compiled for each set of sizes that it is run at. */
export class XlaExecutable<I, O> implements Executable<I, O> {
  readonly #loaded = new Map<string, Promise<Loaded>>();
  #disposed = false;

  constructor(
    readonly program: Program<I, O>,
    private readonly running: Running,
  ) {}

  /** Compiles for symbolic sizes as they are told. @throws UserError with what the plugin says */
  prepare(sizes: ReadonlyMap<string, number>): Promise<Loaded> {
    const key = JSON.stringify([...sizes]);
    const known = this.#loaded.get(key) ?? this.#compile(sizes);
    this.#loaded.set(key, known);
    return known;
  }

  #compile(sizes: ReadonlyMap<string, number>): Promise<Loaded> {
    const { client, devices, updated: donated } = this.running;
    const paths = [...this.program.inputs, ...this.program.outputs].flatMap(([path, { shape }]) =>
      this.#spread(path, staticSizes(shape, sizes)).shared ? [path] : [],
    );
    const mesh = { devices, shared: new Set(paths) };
    const options = { sizes, donated, ...(devices > 1 ? { mesh } : {}) };
    const text = toStableHlo(simplify(this.program as Program), options);
    return this.#explained(compileOrLoad(client, text, devices));
  }

  #spread(path: string, [first = 1]: readonly number[]): Spread {
    const { devices, isShared } = this.running;
    return { devices, shared: devices > 1 && isShared(path) && first % devices === 0 };
  }

  async run(feeds: Feeds<I>): Promise<Results<O>> {
    if (this.#disposed) throw new Error(`${this.program.name}: it is disposed`);
    const { client, updated } = this.running;
    const fed = readFeeds(this.program as Program, feeds, isXlaValue, updated);
    const sizes = symbolicSizes(this.program as Program, fed);
    const loaded = await this.prepare(sizes);
    const inputs: DeviceArray[] = [];
    const passing: DeviceArray[] = [];
    try {
      for (const [path, { dtype }] of this.program.inputs) {
        const feed = fed.get(path) as XlaValue | Numbers;
        const spread = this.#spread(path, feed.shape);
        const sent = isXlaValue(feed)
          ? feed.on(client, spread)
          : client.upload(dtype, feed.shape, feed.data, spread);
        const array = await this.#explained(sent);
        inputs.push(array);
        if (!isXlaValue(feed)) passing.push(array);
      }
      const outputs = await this.#explained(client.execute(loaded, inputs));
      return this.#results(outputs, sizes, fed);
    } finally {
      for (const array of passing) client.free(array);
    }
  }

  #results(
    outputs: readonly (readonly DeviceBuffer[])[],
    sizes: ReadonlyMap<string, number>,
    fed: ReadonlyMap<string, XlaValue | Numbers>,
  ): Results<O> {
    const values = new Map<string, XlaValue>();
    this.program.outputs.forEach(([path, { dtype, shape }], i) => {
      const { client, updated } = this.running;
      const size = staticSizes(shape, sizes);
      const array = { buffers: outputs[i] ?? [], shared: this.#spread(path, size).shared };
      const value = updated.has(path) ? (fed.get(path) as XlaValue) : undefined;
      value?.put({ client, array });
      values.set(path, value ?? XlaValue.at(dtype, size, { client, array }));
    });
    return mapTree(this.program.outputTree, isTensor, (_, path) => values.get(path)) as Results<O>;
  }

  /** @throws UserError with what the plugin says: most often that the device's memory does not do */
  async #explained<T>(doing: Promise<T>): Promise<T> {
    try {
      return await doing;
    } catch (error) {
      if (!(error instanceof PluginError)) throw error;
      throw new UserError(
        `--device ${this.running.device}: ${this.program.name}: ${firstLine(error.message)}`,
      );
    }
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    for (const loaded of this.#loaded.values())
      void loaded.then(
        (program) => this.running.client.unload(program),
        () => {},
      );
  }
}
