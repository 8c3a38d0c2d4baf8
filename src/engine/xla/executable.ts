import { UserError } from '../../errors.js';
import { isTensor, mapTree, type Program, simplify, staticSizes, toStableHlo } from '../../tensor/index.js';
import type { Executable, Feeds, Results } from '../engine.js';
import { type Numbers, readFeeds, symbolicSizes } from '../feeds.js';
import type { DeviceBuffer, Loaded, XlaClient } from './client.js';
import { compileOrLoad } from './kept-programs.js';
import { PluginError } from './pjrt.js';
import { XlaValue } from './value.js';

const isXlaValue = (value: unknown): value is XlaValue => value instanceof XlaValue;

/** The first line, which says what is wrong; the plugin's own code may follow. */
const firstLine = (text: string): string => text.trim().split('\n')[0] ?? '';

/** A program on a device, compiled for each set of sizes that it is run at. */
export class XlaExecutable<I, O> implements Executable<I, O> {
  readonly #loaded = new Map<string, Promise<Loaded>>();
  #disposed = false;

  constructor(
    readonly program: Program<I, O>,
    private readonly device: string,
    private readonly client: XlaClient,
    private readonly updated: ReadonlySet<string>,
  ) {}

  /** Compiles for symbolic sizes as they are told. @throws UserError with what the plugin says */
  prepare(sizes: ReadonlyMap<string, number>): Promise<Loaded> {
    const key = JSON.stringify([...sizes]);
    const known = this.#loaded.get(key) ?? this.#compile(sizes);
    this.#loaded.set(key, known);
    return known;
  }

  #compile(sizes: ReadonlyMap<string, number>): Promise<Loaded> {
    const text = toStableHlo(simplify(this.program as Program), { sizes, donated: this.updated });
    return this.#explained(compileOrLoad(this.client, text));
  }

  async run(feeds: Feeds<I>): Promise<Results<O>> {
    if (this.#disposed) throw new Error(`${this.program.name}: it is disposed`);
    const { client } = this;
    const fed = readFeeds(this.program as Program, feeds, isXlaValue, this.updated);
    const sizes = symbolicSizes(this.program as Program, fed);
    const loaded = await this.prepare(sizes);
    const inputs: DeviceBuffer[] = [];
    const passing: DeviceBuffer[] = [];
    try {
      for (const [path, { dtype }] of this.program.inputs) {
        const feed = fed.get(path) as XlaValue | Numbers;
        const sent = isXlaValue(feed) ? feed.on(client) : client.upload(dtype, feed.shape, feed.data);
        const buffer = await this.#explained(sent);
        inputs.push(buffer);
        if (!isXlaValue(feed)) passing.push(buffer);
      }
      const outputs = await this.#explained(client.execute(loaded, inputs));
      return this.#results(outputs, sizes, fed);
    } finally {
      for (const buffer of passing) client.free(buffer);
    }
  }

  #results(
    buffers: readonly DeviceBuffer[],
    sizes: ReadonlyMap<string, number>,
    fed: ReadonlyMap<string, XlaValue | Numbers>,
  ): Results<O> {
    const values = new Map<string, XlaValue>();
    this.program.outputs.forEach(([path, { dtype, shape }], i) => {
      const place = { client: this.client, buffer: buffers[i] as DeviceBuffer };
      const value = this.updated.has(path) ? (fed.get(path) as XlaValue) : undefined;
      value?.put(place);
      values.set(path, value ?? XlaValue.at(dtype, staticSizes(shape, sizes), place));
    });
    return mapTree(this.program.outputTree, isTensor, (_, path) => values.get(path)) as Results<O>;
  }

  /** @throws UserError with what the plugin says: most often that the device's memory does not do */
  async #explained<T>(doing: Promise<T>): Promise<T> {
    try {
      return await doing;
    } catch (error) {
      if (!(error instanceof PluginError)) throw error;
      throw new UserError(`--device ${this.device}: ${this.program.name}: ${firstLine(error.message)}`);
    }
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    for (const loaded of this.#loaded.values())
      void loaded.then(
        (program) => this.client.unload(program),
        () => {},
      );
  }
}
