import { type DType, type TensorData, zeroData } from '../../tensor/index.js';
import type { Value } from '../engine.js';
import type { DeviceBuffer, XlaClient } from './client.js';

/** Where a device's numbers lie. */
interface Place {
  readonly client: XlaClient;
  readonly buffer: DeviceBuffer;
}

/** The memory of values that nobody refers to any more. */
const forgotten = new FinalizationRegistry<Place>(({ client, buffer }) => client.free(buffer));

/** Numbers of a device. Those that are given go there when a program first reads them. */
export class XlaValue implements Value {
  #data: TensorData | undefined;
  #place: Promise<Place> | undefined;

  private constructor(
    readonly dtype: DType,
    readonly shape: readonly number[],
  ) {}

  /** @throws Error where `data` does not fill the shape with the type's numbers */
  static of(dtype: DType, shape: readonly number[], data?: TensorData): XlaValue {
    const count = shape.reduce((a, b) => a * b, 1);
    const zeros = zeroData(dtype, data === undefined ? count : 0);
    if (data !== undefined && (data.length !== count || data.constructor !== zeros.constructor))
      throw new Error(`value: ${data.constructor.name} of ${data.length} is no ${dtype}[${shape}]`);
    const value = new XlaValue(dtype, shape);
    value.#data = data ?? zeros;
    return value;
  }

  /** What a program has left on the device. */
  static at(dtype: DType, shape: readonly number[], place: Place): XlaValue {
    const value = new XlaValue(dtype, shape);
    value.put(place);
    return value;
  }

  /** Where the numbers are on the device, from now on. */
  async on(client: XlaClient): Promise<DeviceBuffer> {
    this.#place ??= this.#send(client);
    return (await this.#place).buffer;
  }

  async #send(client: XlaClient): Promise<Place> {
    const data = this.#data;
    if (data === undefined) throw new Error('value: it is disposed');
    const place = { client, buffer: await client.upload(this.dtype, this.shape, data) };
    this.#data = undefined;
    forgotten.register(this, place, this);
    return place;
  }

  /** Other numbers of the device from now on; the memory of those before is freed. */
  put(place: Place): void {
    this.dispose();
    this.#place = Promise.resolve(place);
    forgotten.register(this, place, this);
  }

  async read(): Promise<TensorData> {
    if (this.#place === undefined) {
      if (this.#data === undefined) throw new Error('value: it is disposed');
      return this.#data;
    }
    const { client, buffer } = await this.#place;
    const count = this.shape.reduce((a, b) => a * b, 1);
    return client.download(this.dtype, count, buffer);
  }

  dispose(): void {
    forgotten.unregister(this);
    void this.#place?.then(({ client, buffer }) => client.free(buffer));
    this.#place = undefined;
    this.#data = undefined;
  }
}
