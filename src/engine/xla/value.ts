import { type DType, type TensorData, zeroData } from '../../tensor/index.js';
import type { Value } from '../engine.js';
import type { DeviceArray, XlaClient } from './client.js';

/** Where numbers lie on devices. */
interface Place {
  readonly client: XlaClient;
  readonly array: DeviceArray;
}

/** How many devices numbers go to, and whether these share them out along the first axis. */
export interface Spread {
  readonly devices: number;
  readonly shared: boolean;
}

/** The memory of values that nobody refers to any more. */
const forgotten = new FinalizationRegistry<Place>(({ client, array }) => client.free(array));

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

  /** Where the numbers are on the devices, from now on. */
  async on(client: XlaClient, spread: Spread): Promise<DeviceArray> {
    this.#place ??= this.#send(client, spread);
    const { array } = await this.#place;
    if (array.shared === spread.shared) return array;
    // A program wants them otherwise than the one before left them.
    const data = await this.read();
    this.dispose();
    this.#data = data;
    this.#place = this.#send(client, spread);
    return (await this.#place).array;
  }

  async #send(client: XlaClient, spread: Spread): Promise<Place> {
    const data = this.#data;
    if (data === undefined) throw new Error('value: it is disposed');
    const place = { client, array: await client.upload(this.dtype, this.shape, data, spread) };
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
    const { client, array } = await this.#place;
    const count = this.shape.reduce((a, b) => a * b, 1);
    return client.download(this.dtype, count, array);
  }

  dispose(): void {
    forgotten.unregister(this);
    void this.#place?.then(({ client, array }) => client.free(array));
    this.#place = undefined;
    this.#data = undefined;
  }
}
