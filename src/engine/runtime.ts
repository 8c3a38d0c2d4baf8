import type * as ort from 'onnxruntime-common';

/** An open program, as far as it is used here. */
export interface Session {
  readonly inputNames: readonly string[];
  run(
    feeds: ort.InferenceSession.FeedsType,
    fetches: ort.InferenceSession.FetchesType,
  ): Promise<ort.InferenceSession.ReturnType>;
  release(): Promise<void>;
}

/** A package of ONNX Runtime: that for Node, or that for browsers. */
export interface OnnxRuntime extends Pick<typeof ort, 'Tensor'> {
  readonly InferenceSession: {
    create(model: Uint8Array, options: ort.InferenceSession.SessionOptions): Promise<Session>;
  };
}
