import type { DType, TensorData } from '../../tensor/index.js';
import { zeroData } from '../../tensor/index.js';
import { compileOptions } from './compile-options.js';
import { Pjrt } from './pjrt.js';
import { bufferTypes, COPIED_DURING_CALL } from './pjrt-calls.js';
import { fixed, text, words } from './struct.js';

/** Where a number array lies on a device. */
export type DeviceBuffer = bigint;

/** A program that a device can run. */
export interface Loaded {
  readonly executable: bigint;
  readonly outputs: number;
}

/** A device, as its plugin describes it. */
export interface DeviceDescription {
  readonly kind: string;
  /** Bytes that programs may take; undefined where the plugin does not say. */
  readonly memory: number | undefined;
}

const FORMAT = 'mlir';

const clients = new Map<string, Promise<XlaClient>>();

/** A plugin at work: its devices, their memory, and what they run. Programs run on the first device. */
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
   * @throws UserError where the file is no plugin that we know to call; PluginError where it finds no device
   */
  static open(path: string): Promise<XlaClient> {
    const known = clients.get(path) ?? XlaClient.#open(path);
    clients.set(path, known);
    return known;
  }

  static async #open(path: string): Promise<XlaClient> {
    const pjrt = await Pjrt.load(path);
    const client = (await pjrt.call('Client_Create', {})).get('client');
    const found = pjrt.callNow('Client_AddressableDevices', { client });
    const list = pjrt.read(found.get('devices'), 8n * found.get('count'));
    const devices = Array.from({ length: list.length / 8 }, (_, i) => list.readBigUInt64LE(8 * i));
    return new XlaClient(path, pjrt, client, devices);
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
        memory: this.#memory(device),
      };
    });
  }

  #memory(device: bigint): number | undefined {
    try {
      const stats = this.pjrt.callNow('Device_MemoryStats', { device });
      return stats.get('hasLimit') === 0n ? undefined : Number(stats.get('limit'));
    } catch {
      // Not every plugin keeps account.
      return undefined;
    }
  }

  /** Compiles StableHLO text; takes seconds. @throws PluginError */
  async compile(code: string): Promise<Loaded> {
    const [bytes, format, options] = [text(code), text(FORMAT), fixed(compileOptions())];
    const program = this.pjrt.struct('Program', {
      ...{ code: bytes, size: bytes.length },
      ...{ format, formatSize: format.length },
    });
    const compiled = await this.pjrt.call('Client_Compile', {
      ...{ client: this.client, program: program.bytes },
      ...{ options, optionsSize: options.byteLength },
    });
    return this.#loaded(compiled.get('executable'));
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

  /** Loads what {@link serialise} gave. @throws PluginError */
  async load(bytes: Buffer): Promise<Loaded> {
    const program = fixed(bytes);
    const answer = await this.pjrt.call('Executable_DeserializeAndLoad', {
      ...{ client: this.client, bytes: program, size: program.byteLength },
    });
    return this.#loaded(answer.get('executable'));
  }

  #loaded(loaded: bigint): Loaded {
    const executable = this.pjrt.callNow('LoadedExecutable_GetExecutable', { loaded }).get('executable');
    const outputs = Number(this.pjrt.callNow('Executable_NumOutputs', { executable }).get('count'));
    this.pjrt.callNow('Executable_Destroy', { executable });
    return { executable: loaded, outputs };
  }

  /** Numbers to the device. @throws PluginError */
  async upload(dtype: DType, shape: readonly number[], data: TensorData): Promise<DeviceBuffer> {
    const answer = await this.pjrt.call('Client_BufferFromHostBuffer', {
      ...{ client: this.client, device: this.devices[0] as bigint },
      ...{ data: fixed(data), type: bufferTypes[dtype], sizes: words(shape), rank: shape.length },
      semantics: COPIED_DURING_CALL,
    });
    await this.pjrt.wait(answer.get('done'));
    return answer.get('buffer');
  }

  /** Numbers from the device. @throws PluginError */
  async download(dtype: DType, count: number, buffer: DeviceBuffer): Promise<TensorData> {
    const kind = zeroData(dtype, 0);
    const size = count * kind.BYTES_PER_ELEMENT;
    // Never without a byte: of no memory there is no address.
    const memory = new ArrayBuffer(Math.max(1, size));
    const answer = await this.pjrt.call('Buffer_ToHostBuffer', { buffer, data: memory, size });
    await this.pjrt.wait(answer.get('event'));
    const TypedArray = kind.constructor as new (memory: ArrayBuffer, at: number, count: number) => TensorData;
    return new TypedArray(memory, 0, count);
  }

  /** Runs a program to its end. Inputs that it was compiled to take the memory of are gone. @throws PluginError */
  async execute(
    { executable, outputs }: Loaded,
    inputs: readonly DeviceBuffer[],
  ): Promise<readonly DeviceBuffer[]> {
    const results = words(new Array<bigint>(outputs).fill(0n));
    const events = words([0n]);
    await this.pjrt.call('LoadedExecutable_Execute', {
      ...{ executable, options: this.pjrt.struct('ExecuteOptions', {}).bytes },
      ...{ inputs: [words(inputs)], inputCount: inputs.length, devices: 1 },
      ...{ outputs: [results], events },
    });
    await this.pjrt.wait(BigInt.asUintN(64, events[0] as bigint));
    return Array.from(results.subarray(0, outputs), (buffer) => BigInt.asUintN(64, buffer));
  }

  free(buffer: DeviceBuffer): void {
    this.pjrt.callNow('Buffer_Destroy', { buffer });
  }

  unload({ executable }: Loaded): void {
    this.pjrt.callNow('LoadedExecutable_Destroy', { executable });
  }
}
