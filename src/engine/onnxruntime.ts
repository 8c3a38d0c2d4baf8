import type * as ort from 'onnxruntime-common';
import { UserError } from '../errors.js';
import {
  type DType,
  isTensor,
  leaves,
  mapTree,
  outputName,
  type Program,
  simplify,
  spellOutStatistics,
  type Tensor,
  type TensorData,
  type Tree,
  toData,
  toOnnx,
  zeroData,
} from '../tensor/index.js';
import { DeviceMemory } from './device-memory.js';
import {
  type Device,
  type Engine,
  type EngineOptions,
  type Executable,
  type Feed,
  type Feeds,
  type Results,
  resolveShape,
  type Value,
} from './engine.js';

const ortTypes: Record<DType, ort.Tensor.Type> = {
  float16: 'float16',
  float32: 'float32',
  float64: 'float64',
  int32: 'int32',
  int64: 'int64',
  bool: 'bool',
};

/** A tensor in the runtime's memory, or a place for one: a device returns results in buffers of its own. */
class OrtValue implements Value {
  #tensor: ort.Tensor;

  constructor(
    tensor: ort.Tensor,
    private readonly memory: DeviceMemory,
  ) {
    this.#tensor = tensor;
    memory.hold(tensor);
  }

  get tensor(): ort.Tensor {
    return this.#tensor;
  }

  get dtype(): DType {
    return this.#tensor.type as DType;
  }

  get shape(): readonly number[] {
    return this.#tensor.dims;
  }

  async read(): Promise<TensorData> {
    const data = await this.memory.read(this.#tensor);
    if (this.#tensor.type !== 'float16') return data;
    // Newer JavaScript has a Float16Array of its own; half precision is bits to us everywhere.
    const bits = data as Uint16Array;
    return new Uint16Array(bits.buffer, bits.byteOffset, bits.length);
  }

  /** Holds another tensor from now on; the one before is released. */
  replace(tensor: ort.Tensor): void {
    this.memory.release(this.#tensor);
    this.#tensor = tensor;
    this.memory.hold(tensor);
  }

  dispose(): void {
    this.memory.release(this.#tensor);
  }
}

/** A package of ONNX Runtime: that for Node, or that for browsers. */
export type OnnxRuntime = Pick<typeof ort, 'InferenceSession' | 'Tensor'>;

type MakeTensor = (dtype: DType, data: TensorData, shape: readonly number[]) => ort.Tensor;

const isFeed = (value: unknown): value is Feed =>
  value instanceof OrtValue || ArrayBuffer.isView(value) || Array.isArray(value);

class OrtExecutable<I, O> implements Executable<I, O> {
  readonly #specs: Map<string, Tensor>;
  #released = false;

  constructor(
    readonly program: Program<I, O>,
    private readonly session: ort.InferenceSession,
    private readonly device: Device,
    private readonly memory: DeviceMemory,
    private readonly tensor: MakeTensor,
    /** Whether results are written into given tensors; otherwise they come in new ones. */
    private readonly fills: boolean,
  ) {
    this.#specs = new Map(program.inputs);
  }

  async run(feeds: Feeds<I>, into?: ReadonlyMap<string, Value>): Promise<Results<O>> {
    const inputs: Record<string, ort.Tensor> = {};
    for (const [path, feed] of leaves(feeds as Tree<Feed>, isFeed)) inputs[path] = this.#input(path, feed);
    for (const path of this.#specs.keys())
      if (inputs[path] === undefined) throw new Error(`${this.program.name}: input ${path} is missing`);
    const fetches: Record<string, ort.Tensor | null> = {};
    for (const [path] of this.program.outputs) fetches[outputName(path)] = null;
    const fed = new Set(Object.values(inputs));
    for (const [path, value] of into ?? []) {
      const { tensor } = value as OrtValue;
      if (fetches[outputName(path)] === undefined)
        throw new Error(`${this.program.name}: there is no output ${path}`);
      if (fed.has(tensor))
        throw new Error(
          `${this.program.name}: output ${path} would overwrite an input; give it another value`,
        );
      if (this.fills) fetches[outputName(path)] = tensor;
    }
    const results = await this.session.run(inputs, fetches);
    return mapTree(this.program.outputTree, isTensor, (_, path) => {
      const result = results[outputName(path)] as ort.Tensor;
      const given = into?.get(path) as OrtValue | undefined;
      if (given === undefined) return new OrtValue(result, this.memory);
      if (!this.fills) given.replace(result);
      return given;
    }) as Results<O>;
  }

  #input(path: string, feed: Feed): ort.Tensor {
    const spec = this.#specs.get(path);
    if (spec === undefined) throw new Error(`${this.program.name}: there is no input ${path}`);
    if (feed instanceof OrtValue) {
      const fits =
        feed.shape.length === spec.rank &&
        spec.shape.every((dim, i) => typeof dim === 'string' || dim === feed.shape[i]);
      if (!fits || feed.dtype !== spec.dtype)
        throw new Error(
          `${this.program.name}: input ${path} is ${feed.dtype}[${feed.shape}], not ${spec.dtype}[${spec.shape}]`,
        );
      return feed.tensor;
    }
    const data = ArrayBuffer.isView(feed) ? (feed as TensorData) : toData(spec.dtype, feed as number[]);
    const wanted = zeroData(spec.dtype, 0).constructor;
    if (data.constructor !== wanted)
      throw new Error(
        `${this.program.name}: input ${path} is ${data.constructor.name}, not ${wanted.name} (${spec.dtype})`,
      );
    const shape = resolveShape(spec.shape, data.length);
    if (shape.reduce((a, b) => a * b, 1) !== data.length || shape.some((dim) => !Number.isInteger(dim)))
      throw new Error(
        `${this.program.name}: input ${path} has ${data.length} numbers, shape is [${spec.shape}]`,
      );
    return this.tensor(spec.dtype, data, shape);
  }

  dispose(): void {
    // On a device the values that it made need its session: it ends with the engine.
    if (this.device === 'cpu') this.release();
  }

  release(): void {
    if (this.#released) return;
    this.#released = true;
    void this.session.release();
  }
}

/**
 * An engine over a package of ONNX Runtime.
 * @param runtime the package
 * @param options.threads threads inside one operator of the CPU
 * @param options.fills whether the package writes the CPU's results into tensors that it is given
 * @throws UserError when a program is compiled for a device that the machine or the runtime does not have
 */
export function createOnnxRuntime(
  runtime: OnnxRuntime,
  {
    threads,
    device,
    profile,
    fills,
  }: EngineOptions & { readonly threads: number; readonly device: Device; readonly fills: boolean },
): Engine {
  if (!Number.isInteger(threads) || threads < 1)
    throw new Error(`engine: ${threads} threads; give 1 or more`);
  const executables: OrtExecutable<unknown, unknown>[] = [];
  const memory = new DeviceMemory(runtime, device);
  const tensor: MakeTensor = (dtype, data, shape) =>
    new runtime.Tensor(ortTypes[dtype], data as Float32Array, shape);
  return {
    device,
    threads,
    async compile<I, O>(program: Program<I, O>): Promise<Executable<I, O>> {
      const model = toOnnx(simplify(device === 'webgpu' ? spellOutStatistics(program) : program));
      const session = await runtime.InferenceSession.create(model, {
        executionProviders: [device],
        // State stays on the device between steps.
        ...(device === 'webgpu' ? { preferredOutputLocation: 'gpu-buffer' } : {}),
        intraOpNumThreads: threads,
        interOpNumThreads: 1,
        graphOptimizationLevel: 'all',
        // Bitwise repeatable runs need a fixed reduction order.
        extra: { session: { set_denormal_as_zero: '1' } },
        ...(profile === undefined ? {} : { enableProfiling: true, profileFilePrefix: profile }),
      }).catch((error: Error) => {
        throw device === 'cpu' ? error : unusable(device, error);
      });
      const executable = new OrtExecutable(
        program,
        session,
        device,
        memory,
        tensor,
        fills && device === 'cpu',
      );
      executables.push(executable as OrtExecutable<unknown, unknown>);
      return executable;
    },
    value(spec, data) {
      const count = spec.shape.reduce((a, b) => a * b, 1);
      return new OrtValue(tensor(spec.dtype, data ?? zeroData(spec.dtype, count), spec.shape), memory);
    },
    dispose() {
      memory.dispose();
      for (const executable of executables) executable.release();
      executables.length = 0;
    },
  };
}

function unusable(device: Device, { message }: Error): UserError {
  const reason = message.split('\n')[0]?.replace(/^.* was false\. /, '');
  return new UserError(`--device ${device} cannot be used on this machine: ${reason}; use --device cpu`);
}
