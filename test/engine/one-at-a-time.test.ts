import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Tensor } from 'onnxruntime-common';
import { oneAtATime } from '../../src/engine/one-at-a-time.js';

test('no call into the runtime begins before the one before has ended, not even after an error', async () => {
  const calls: string[] = [];
  let open = 0;
  /** Gives way in the middle, as a runtime does that waits for a device. */
  async function call<T>(name: string, result: T): Promise<T> {
    assert.equal(open++, 0, `${name} within another`);
    for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setTimeout(resolve));
    open--;
    calls.push(name);
    if (name === 'create bad') throw new Error('not a program');
    return result;
  }
  const { InferenceSession } = oneAtATime({
    Tensor,
    InferenceSession: {
      create: ([id]) => {
        const name = id === 9 ? 'bad' : `${id}`;
        return call(`create ${name}`, {
          inputNames: ['x'],
          run: () => call(`run ${name}`, {}),
          release: () => call(`release ${name}`, undefined),
        });
      },
    },
  });
  const use = async (id: number): Promise<void> => {
    const session = await InferenceSession.create(Uint8Array.of(id), {});
    assert.deepEqual(session.inputNames, ['x']);
    await Promise.all([session.run({}, []), session.run({}, []), session.release()]);
  };
  const done = await Promise.allSettled([use(0), use(9), use(1)]);
  assert.deepEqual(
    done.map(({ status }) => status),
    ['fulfilled', 'rejected', 'fulfilled'],
  );
  const used = (id: number): string[] => [`run ${id}`, `run ${id}`, `release ${id}`];
  assert.deepEqual(calls, ['create 0', 'create bad', 'create 1', ...used(0), ...used(1)]);
});
