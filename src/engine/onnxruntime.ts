import type * as ort from 'onnxruntime-common';
import { UserError } from '../errors.js';
import {
  aroundCall,
  type Callee,
  type DType,
  isTensor,
  mapTree,
  outputName,
  type Program,
  simplify,
  spellOutStatistics,
  type Tensor,
  type TensorData,
  toOnnx,
  zeroData,
} from '../tensor/index.js';
import { calling } from './calling.js';
import { DeviceMemory } from './device-memory.js';
import type {
  CompileOptions,
  Engine,
  EngineOptions,
  Executable,
  Feeds,
  OnnxDevice,
  Results,
  Value,
} from './engine.js';
import { readFeeds, updatedPaths } from './feeds.js';
import type { OnnxRuntime, Session } from './runtime.js';

/** Of what the runtime is given and gives; bfloat16 it has within programs only. */
const ortTypes: Partial<Record<DType, ort.Tensor.Type>> = {
  float16: 'float16',
  float32: 'float32',
  float64: 'float64',
  int8: 'int8',
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

  /** Holds another tensor from now on. @returns the one before */
  swap(tensor: ort.Tensor): ort.Tensor {
    const before = this.#tensor;
    this.#tensor = tensor;
    this.memory.hold(tensor);
    return before;
  }

  dispose(): void {
    this.memory.release(this.#tensor);
  }
}

type MakeTensor = (dtype: DType, data: TensorData, shape: readonly number[]) => ort.Tensor;

const isOrtValue = (value: unknown): value is OrtValue => value instanceof OrtValue;

class OrtExecutable<I, O> implements Executable<I, O> {
  readonly #specs: ReadonlyMap<string, Tensor>;
  /** Where the next numbers of what is updated go: an output must not share memory with an input. */
  readonly #spare = new Map<string, ort.Tensor>();
  #released = false;

  constructor(
    readonly program: Program<I, O>,
    private readonly session: Session,
    private readonly device: OnnxDevice,
    private readonly memory: DeviceMemory,
    private readonly tensor: MakeTensor,
    /** Whether results are written into given tensors; otherwise they come in new ones. */
    private readonly fills: boolean,
    private readonly updated: ReadonlySet<string>,
  ) {
    this.#specs = new Map(program.inputs);
  }

  async run(feeds: Feeds<I>): Promise<Results<O>> {
    const fed = readFeeds(this.program as Program, feeds, isOrtValue, this.updated);
    const inputs: Record<string, ort.Tensor> = {};
    for (const [path, feed] of fed)
      inputs[path] = isOrtValue(feed)
        ? feed.tensor
        : this.tensor((this.#specs.get(path) as Tensor).dtype, feed.data, feed.shape);
    const fetches: Record<string, ort.Tensor | null> = {};
    for (const [path] of this.program.outputs)
      fetches[outputName(path)] =
        this.fills && this.updated.has(path) ? this.#place(path, inputs[path] as ort.Tensor) : null;
    const results = await this.session.run(inputs, fetches);
    return mapTree(this.program.outputTree, isTensor, (_, path) => {
      const result = fetches[outputName(path)] ?? (results[outputName(path)] as ort.Tensor);
      if (!this.updated.has(path)) return new OrtValue(result, this.memory);
      const value = fed.get(path) as OrtValue;
      if (this.fills) this.#spare.set(path, value.swap(result));
      else this.memory.release(value.swap(result));
      return value;
    }) as Results<O>;
  }

  /** A tensor like `now` for the next numbers. */
  #place(path: string, now: ort.Tensor): ort.Tensor {
    const spare = this.#spare.get(path);
    if (spare !== undefined && `${spare.dims}` === `${now.dims}`) return spare;
    return this.tensor(now.type as DType, zeroData(now.type as DType, now.size), now.dims);
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
 * @param options.models what programs may call; each is opened when it is first called
 * @param options.fills whether the package writes the CPU's results into tensors that it is given
 * @throws UserError when a program is compiled for a device that the machine or the runtime does not have
 */
export function createOnnxRuntime(
  runtime: OnnxRuntime,
  {
    threads,
    device,
    models = {},
    profile,
    fills,
  }: EngineOptions & {
    readonly threads: number;
    readonly device: OnnxDevice;
    readonly fills: boolean;
  },
): Engine {
  if (!Number.isInteger(threads) || threads < 1)
    throw new Error(`engine: ${threads} threads; give 1 or more`);
  const executables: OrtExecutable<unknown, unknown>[] = [];
  const memory = new DeviceMemory(runtime, device);
  const tensor: MakeTensor = (dtype, data, shape) => {
    const type = ortTypes[dtype];
    if (type === undefined) throw new Error(`engine: ONNX Runtime is given no ${dtype}`);
    return new runtime.Tensor(type, data as Float32Array, shape);
  };
  const open = (model: Uint8Array): Promise<Session> =>
    runtime.InferenceSession.create(model, {
      executionProviders: [device],
      // State stays on the device between steps.
      ...(device === 'webgpu' ? { preferredOutputLocation: 'gpu-buffer' } : {}),
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      graphOptimizationLevel: 'all',
      extra: {
        session: {
          // Numbers that are nearly zero would take many times as long.
          set_denormal_as_zero: '1',
          // Threads that wait for each other spin so many microseconds, then sleep: beside other work those that spin
          // for long keep the ones that they wait for from their cores.
          intra_op: { spin_duration_us: '50' },
        },
      },
      ...(profile === undefined ? {} : { enableProfiling: true, profileFilePrefix: profile }),
    }).catch((error: Error) => {
      throw device === 'cpu' ? error : unusable(device, error);
    });
  const sessions = new Map<string, Promise<Session>>();
  const run = async ({ name, output }: Callee, input: Value): Promise<Value> => {
    const model = models[name];
    if (model === undefined)
      throw new Error(`engine: a program calls ${name}, a model that it was not given`);
    const opening = sessions.get(name) ?? open(model);
    sessions.set(name, opening);
    const session = await opening;
    const results = await session.run({ [session.inputNames[0] as string]: (input as OrtValue).tensor }, [
      output,
    ]);
    return new OrtValue(results[output] as ort.Tensor, memory);
  };
  return {
    device,
    threads,
    devices: async () => 1,
    async compile<I, O>(program: Program<I, O>, { updates }: CompileOptions = {}): Promise<Executable<I, O>> {
      const updated = updatedPaths(program as Program, updates);
      const parts = aroundCall(program);
      if (parts !== undefined)
        return calling(program, parts, {
          before: await this.compile(parts.before),
          model: (input) => run(parts.callee, input),
          after: await this.compile(parts.after, { updates }),
        });
      const model = toOnnx(simplify(device === 'webgpu' ? spellOutStatistics(program) : program));
      const session = await open(model);
      const executable = new OrtExecutable(
        program,
        session,
        device,
        memory,
        tensor,
        fills && device === 'cpu',
        updated,
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
      for (const session of sessions.values())
        void session.then(
          (opened) => opened.release(),
          () => {},
        );
      sessions.clear();
    },
  };
}

function unusable(device: OnnxDevice, { message }: Error): UserError {
  const reason = message.split('\n')[0]?.replace(/^.* was false\. /, '');
  return new UserError(`--device ${device} cannot be used on this machine: ${reason}; use --device cpu`);
}
