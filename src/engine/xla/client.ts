import type { DType, TensorData } from '../../tensor/index.js';
import { zeroData } from '../../tensor/index.js';
import { compileOptions } from './compile-options.js';
import { Pjrt } from './pjrt.js';
import { bufferTypes, COPIED_DURING_CALL, NAMED_INT64 } from './pjrt-calls.js';
import { fixed, text, words } from './struct.js';

/** Where a number array lies on a device. */
export type DeviceBuffer = bigint;

/** A number array on the devices, in their order: its parts along the first axis, or on each the whole. */
export interface DeviceArray {
  readonly buffers: readonly DeviceBuffer[];
  readonly shared: boolean;
}

/** A program that a device can run. */
export interface Loaded {
  readonly executable: bigint;
  readonly outputs: number;
  /** How many run it together. */
  readonly devices: number;
}

/** A device, as its plugin describes it. */
export interface DeviceDescription {
  readonly kind: string;
  /** Bytes that programs may take; undefined where the plugin does not say. */
  readonly memory: number | undefined;
}

const FORMAT = 'mlir';

const clients = new Map<string, Promise<XlaClient>>();

/** A plugin at work: its devices, their memory, and what they run. Programs run on the first devices. */
export class XlaClient {
  private constructor(
    /** Of the plugin. */
    readonly path: string,
    private readonly pjrt: Pjrt,
    private readonly client: bigint,
    private readonly devices: readonly bigint[],
  ) {}

  /**
   * Loads a plugin and has it find its devices, once a process: a second client would find their memory taken.
   * @param cpus devices that a plugin for the CPU makes of it; one where absent
   * @throws UserError where the file is no plugin that we know to call; PluginError where it finds no device
   */
  static open(path: string, cpus = 1): Promise<XlaClient> {
    const key = JSON.stringify([path, cpus]);
    const known = clients.get(key) ?? XlaClient.#open(path, cpus);
    clients.set(key, known);
    return known;
  }

  static async #open(path: string, cpus: number): Promise<XlaClient> {
    const pjrt = await Pjrt.load(path);
    const client = (await pjrt.call('Client_Create', cpus === 1 ? {} : cpuCount(pjrt, cpus))).get('client');
    const found = pjrt.callNow('Client_AddressableDevices', { client });
    const list = pjrt.read(found.get('devices'), 8n * found.get('count'));
    const devices = Array.from({ length: list.length / 8 }, (_, i) => list.readBigUInt64LE(8 * i));
    return new XlaClient(path, pjrt, client, devices);
  }

  /** How many devices it has found. */
  get deviceCount(): number {
    return this.devices.length;
  }

  /** Of the interface that the plugin has. */
  get version(): string {
    return this.pjrt.version;
  }

  /** What computes, and its own version: `cpu`, `cuda`, `tpu`. */
  get platform(): { readonly name: string; readonly version: string } {
    const told = (call: 'Client_PlatformName' | 'Client_PlatformVersion'): string => {
      const { pjrt, client } = this;
      const answer = pjrt.callNow(call, { client });
      return pjrt.read(answer.get('text'), answer.get('size')).toString();
    };
    return { name: told('Client_PlatformName'), version: told('Client_PlatformVersion') };
  }

  describeDevices(): DeviceDescription[] {
    const { pjrt } = this;
    return this.devices.map((device) => {
      const description = pjrt.callNow('Device_GetDescription', { device }).get('description');
      const kind = pjrt.callNow('DeviceDescription_Kind', { description });
      return {
        kind: pjrt.read(kind.get('text'), kind.get('size')).toString(),
        memory: this.#memory(device, 'limit'),
      };
    });
  }

  /** Most bytes that programs have taken at once on the first device; undefined where the plugin does not say. */
  get peakMemory(): number | undefined {
    return this.#memory(this.devices[0] as bigint, 'peak');
  }

  #memory(device: bigint, what: 'limit' | 'peak'): number | undefined {
    try {
      const stats = this.pjrt.callNow('Device_MemoryStats', { device });
      const has = what === 'limit' ? 'hasLimit' : 'hasPeak';
      return stats.get(has) === 0n ? undefined : Number(stats.get(what));
    } catch {
      // Not every plugin keeps account.
      return undefined;
    }
  }

  /** Compiles StableHLO text; takes seconds. @param devices that run it together @throws PluginError */
  async compile(code: string, devices: number): Promise<Loaded> {
    const [bytes, format, options] = [text(code), text(FORMAT), fixed(compileOptions(devices))];
    const program = this.pjrt.struct('Program', {
      ...{ code: bytes, size: bytes.length },
      ...{ format, formatSize: format.length },
    });
    const compiled = await this.pjrt.call('Client_Compile', {
      ...{ client: this.client, program: program.bytes },
      ...{ options, optionsSize: options.byteLength },
    });
    return this.#loaded(compiled.get('executable'), devices);
  }

  /** A compiled program's bytes, to be loaded again by the same plugin on the same machine. @throws PluginError */
  async serialise({ executable: loaded }: Loaded): Promise<Buffer> {
    const executable = this.pjrt.callNow('LoadedExecutable_GetExecutable', { loaded }).get('executable');
    const answer = await this.pjrt.call('Executable_Serialize', { executable });
    const bytes = this.pjrt.read(answer.get('bytes'), answer.get('size'));
    this.pjrt.release(answer.get('destroy'), answer.get('serialized'));
    this.pjrt.callNow('Executable_Destroy', { executable });
    return bytes;
  }

  /** Loads what {@link serialise} gave. @param devices that it was compiled for @throws PluginError */
  async load(bytes: Buffer, devices: number): Promise<Loaded> {
    const program = fixed(bytes);
    const answer = await this.pjrt.call('Executable_DeserializeAndLoad', {
      ...{ client: this.client, bytes: program, size: program.byteLength },
    });
    return this.#loaded(answer.get('executable'), devices);
  }

  #loaded(loaded: bigint, devices: number): Loaded {
    const executable = this.pjrt.callNow('LoadedExecutable_GetExecutable', { loaded }).get('executable');
    const outputs = Number(this.pjrt.callNow('Executable_NumOutputs', { executable }).get('count'));
    this.pjrt.callNow('Executable_Destroy', { executable });
    return { executable: loaded, outputs, devices };
  }

  /**
   * Numbers to the first devices.
   * @param devices how many
   * @param shared give each its part along the first axis, which they divide; else each gets all
   * @throws PluginError
   */
  async upload(
    dtype: DType,
    shape: readonly number[],
    data: TensorData,
    { devices, shared }: { readonly devices: number; readonly shared: boolean },
  ): Promise<DeviceArray> {
    const [first = 1, ...rest] = shape;
    const each = shared ? [first / devices, ...rest] : shape;
    const part = data.length / devices;
    const buffers = this.devices
      .slice(0, devices)
      .map((device, i) =>
        this.#upload(device, dtype, each, shared ? data.subarray(i * part, (i + 1) * part) : data),
      );
    return { buffers: await Promise.all(buffers), shared };
  }

  async #upload(
    device: bigint,
    dtype: DType,
    shape: readonly number[],
    data: TensorData,
  ): Promise<DeviceBuffer> {
    const answer = await this.pjrt.call('Client_BufferFromHostBuffer', {
      ...{ client: this.client, device },
      ...{ data: fixed(data), type: bufferTypes[dtype], sizes: words(shape), rank: shape.length },
      semantics: COPIED_DURING_CALL,
    });
    await this.pjrt.wait(answer.get('done'));
    return answer.get('buffer');
  }

  /** Numbers from the devices. @throws PluginError */
  async download(dtype: DType, count: number, { buffers, shared }: DeviceArray): Promise<TensorData> {
    const kind = zeroData(dtype, 0);
    // Never without a byte: of no memory there is no address.
    const memory = new ArrayBuffer(Math.max(1, count * kind.BYTES_PER_ELEMENT));
    const wanted = shared ? buffers : buffers.slice(0, 1);
    const size = (count * kind.BYTES_PER_ELEMENT) / wanted.length;
    await Promise.all(
      wanted.map(async (buffer, i) => {
        const data = new Uint8Array(memory, i * size);
        const answer = await this.pjrt.call('Buffer_ToHostBuffer', { buffer, data, size });
        await this.pjrt.wait(answer.get('event'));
      }),
    );
    const TypedArray = kind.constructor as new (memory: ArrayBuffer, at: number, count: number) => TensorData;
    return new TypedArray(memory, 0, count);
  }

  /**
   * Runs a program to its end. Inputs that it was compiled to take the memory of are gone.
   * @returns for each output its buffers, a device's each
   * @throws PluginError
   */
  async execute(
    { executable, outputs, devices }: Loaded,
    inputs: readonly DeviceArray[],
  ): Promise<readonly (readonly DeviceBuffer[])[]> {
    const every = Array.from({ length: devices }, (_, device) => device);
    const given = every.map((device) => words(inputs.map(({ buffers }) => buffers[device] as bigint)));
    const results = every.map(() => words(new Array<bigint>(outputs).fill(0n)));
    const events = words(every.map(() => 0n));
    await this.pjrt.call('LoadedExecutable_Execute', {
      ...{ executable, options: this.pjrt.struct('ExecuteOptions', {}).bytes },
      ...{ inputs: given, inputCount: inputs.length, devices },
      ...{ outputs: results, events },
    });
    await Promise.all(Array.from(events, (event) => this.pjrt.wait(BigInt.asUintN(64, event))));
    return Array.from({ length: outputs }, (_, output) =>
      results.map((ofDevice) => BigInt.asUintN(64, ofDevice[output] as bigint)),
    );
  }

  free({ buffers }: DeviceArray): void {
    for (const buffer of buffers) this.pjrt.callNow('Buffer_Destroy', { buffer });
  }

  unload({ executable }: Loaded): void {
    this.pjrt.callNow('LoadedExecutable_Destroy', { executable });
  }
}

/** The option of a plugin for the CPU that makes so many devices of it. */
function cpuCount(pjrt: Pjrt, cpus: number): { readonly options: Buffer; readonly count: number } {
  const name = text('cpu_device_count');
  const named = { name, nameSize: name.length, type: NAMED_INT64, value: cpus, valueSize: 1 };
  return { options: pjrt.struct('NamedValue', named).bytes, count: 1 };
}
