import * as ort from 'onnxruntime-node';
import { type DType, spec, type TensorData, toOnnx, trace } from '../tensor/index.js';

/**
 * Copies tensors out of a device's memory. The runtime's own copy in Node ends the process, so an identity program
 * runs on the device and leaves its result in ours; one for each type and shape.
 */
export class Download {
  readonly #sessions = new Map<string, Promise<ort.InferenceSession>>();

  constructor(private readonly device: string) {}

  async read(tensor: ort.Tensor): Promise<TensorData> {
    const key = `${tensor.type}[${tensor.dims}]`;
    const session = this.#sessions.get(key) ?? this.#create(tensor);
    this.#sessions.set(key, session);
    const results = await (await session).run({ x: tensor });
    return results['out.y']?.data as TensorData;
  }

  #create({ type, dims }: ort.Tensor): Promise<ort.InferenceSession> {
    // The result is an input passed through, which a program writes as an Identity.
    const identity = trace('download', { x: spec(dims, type as DType) }, ({ x }) => ({ y: x }));
    return ort.InferenceSession.create(toOnnx(identity), { executionProviders: [this.device] });
  }

  dispose(): void {
    for (const session of this.#sessions.values()) void session.then((ready) => ready.release());
    this.#sessions.clear();
  }
}
