import type * as ort from 'onnxruntime-common';
import { type DType, spec, type TensorData, toOnnx, trace } from '../tensor/index.js';
import type { OnnxRuntime, Session } from './runtime.js';

/**
 * Tensors in a device's memory. The runtime's bindings for Node end the process when such a tensor is read, or
 * released after the session that made it: so an identity program copies it out, and all are released first.
 */
export class DeviceMemory {
  readonly #held = new Set<ort.Tensor>();
  /** One identity program for each type and shape. */
  readonly #copies = new Map<string, Promise<Session>>();

  constructor(
    private readonly runtime: Pick<OnnxRuntime, 'InferenceSession'>,
    private readonly device: string,
  ) {}

  /** Keeps account of a tensor, where it is the device's. */
  hold(tensor: ort.Tensor): void {
    if (tensor.location === 'gpu-buffer') this.#held.add(tensor);
  }

  release(tensor: ort.Tensor): void {
    if (tensor.location !== 'gpu-buffer' || this.#held.delete(tensor)) tensor.dispose();
  }

  /** The numbers of a tensor, wherever it is. */
  async read(tensor: ort.Tensor): Promise<TensorData> {
    if (tensor.location !== 'gpu-buffer') return tensor.data as TensorData;
    const key = `${tensor.type}[${tensor.dims}]`;
    const copy = this.#copies.get(key) ?? this.#copy(tensor);
    this.#copies.set(key, copy);
    const results = await (await copy).run({ x: tensor }, ['out.y']);
    return results['out.y']?.data as TensorData;
  }

  /** A program whose result is its input; the runtime leaves results in our memory where nothing else is asked. */
  #copy({ type, dims }: ort.Tensor): Promise<Session> {
    const identity = trace('copy', { x: spec(dims, type as DType) }, ({ x }) => ({ y: x }));
    return this.runtime.InferenceSession.create(toOnnx(identity), { executionProviders: [this.device] });
  }

  dispose(): void {
    for (const tensor of this.#held) tensor.dispose();
    this.#held.clear();
    for (const copy of this.#copies.values()) void copy.then((session) => session.release());
    this.#copies.clear();
  }
}
