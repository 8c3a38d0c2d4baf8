import type { DType, MapTree, Program, Spec, Tensor, TensorData } from '../tensor/index.js';

/** A value in the engine's memory. Between steps state stays here; `read` copies it out. */
export interface Value {
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** A view of the numbers where the engine's memory is ours to see, else a copy. */
  read(): Promise<TensorData>;
  dispose(): void;
}

/** The numbers of a result that is not needed in the engine any more. */
export async function take(value: Value): Promise<TensorData> {
  const numbers = await value.read();
  value.dispose();
  return numbers;
}

/** What an input may be: a value of the engine, or plain numbers of the right length. */
export type Feed = Value | TensorData | ReadonlyArray<number>;
/** Feeds for a program whose inputs have specs I. */
export type Feeds<I> = MapTree<I, Spec, Feed>;
/** Values of a program whose outputs are tensors O. */
export type Results<O> = MapTree<O, Tensor, Value>;

/** A program made ready to run. */
export interface Executable<I = unknown, O = unknown> {
  readonly program: Program<I, O>;
  /**
   * Runs once. A feed of the wrong length or type is an error that names the input.
   * @returns the outputs: new values, and of what the program updates the values that were fed
   */
  run(feeds: Feeds<I>): Promise<Results<O>>;
  dispose(): void;
}

export interface EngineOptions {
  /** Threads inside one operator, ≥ 1; all cores by default. */
  readonly threads?: number;
  readonly device?: Device;
  /** How many devices of that kind compute together, one by default; only those of XLA can. */
  readonly devices?: DeviceCount;
  /** ONNX models, as files hold them, that programs call by these names. */
  readonly models?: Readonly<Record<string, Uint8Array>> | undefined;
  /** Write a Chrome trace of every operator run, with this path prefix. */
  readonly profile?: string;
}

/** What a person chooses of it. */
export type ComputeOptions = Pick<EngineOptions, 'threads' | 'device'>;

/** So many devices, or all that the machine has of a kind. */
export type DeviceCount = number | 'all';

/** What ONNX Runtime computes on: `webgpu` is any GPU that Vulkan, Metal or Direct3D 12 reaches. */
export type OnnxDevice = 'cpu' | 'webgpu';
/** What a plugin of XLA computes on: NVIDIA's or AMD's GPUs, TPUs, or what a plugin given by name or file is for. */
export type XlaDevice = 'cuda' | 'rocm' | 'tpu' | 'xla' | `xla:${string}`;
/** Where programs run; `auto` is the best accelerator that is there with its plugin, else the CPU. */
export type Device = OnnxDevice | XlaDevice | 'auto';

/** The devices that have a name. */
export const deviceNames = ['cpu', 'webgpu', 'cuda', 'rocm', 'tpu', 'xla', 'auto'] as const;

/** How a program is to be run. */
export interface CompileOptions {
  /**
   * Name of a tree of inputs, and of outputs of the same paths, types and sizes, that are the inputs' next numbers: it
   * is fed values of the engine, which hold the outputs after a run.
   */
  readonly updates?: string;
  /**
   * Names of trees of inputs that several devices share out along the first axis, where their number divides it; each
   * has a copy of the others. What a program computes does not depend on it.
   */
  readonly shared?: readonly string[];
}

/** Compiles and runs programs, and owns their memory. */
export interface Engine {
  /** Where it runs: never `auto`. */
  readonly device: Device;
  readonly threads: number;
  /** How many devices compute together. @throws UserError where the machine has fewer than were asked for */
  devices(): Promise<number>;
  compile<I, O>(program: Program<I, O>, options?: CompileOptions): Promise<Executable<I, O>>;
  /** A value of the engine, of zeros or of `data`, which is the engine's from now on. */
  value(spec: { dtype: DType; shape: readonly number[] }, data?: TensorData): Value;
  dispose(): void;
}
