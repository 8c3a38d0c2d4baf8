import type { OnnxRuntime } from './runtime.js';

/** Ends when all that was asked of the runtime so far has ended. */
let last: Promise<unknown> = Promise.resolve();

function inTurn<T>(call: () => Promise<T>): Promise<T> {
  const turn = last.then(call);
  last = turn.catch(() => {});
  return turn;
}

/**
 * A runtime whose sessions wait for each other. On WebGPU that for browsers gives way within a call while it holds a
 * lock, which a second call then waits for on the same thread, for ever.
 */
export function oneAtATime({ InferenceSession, Tensor }: OnnxRuntime): OnnxRuntime {
  return {
    Tensor,
    InferenceSession: {
      async create(model, options) {
        const session = await inTurn(() => InferenceSession.create(model, options));
        return {
          inputNames: session.inputNames,
          run: (feeds, fetches) => inTurn(() => session.run(feeds, fetches)),
          release: () => inTurn(() => session.release()),
        };
      },
    },
  };
}
