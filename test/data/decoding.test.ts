import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type DecodeTask, Decoding } from '../../src/data/decoding.js';

test('after what was there already is wanted again, what is missing is decoded still', async () => {
  const size = 4;
  const task: DecodeTask = {
    sources: [{ pixels: { kind: 'synthetic', first: 0, count: 2 }, length: 2 }],
    chosen: Int32Array.of(0, 1),
    size,
    fit: 'square',
    store: { kind: 'memory', bytes: new SharedArrayBuffer(2 * size ** 2 * 3) },
    done: new SharedArrayBuffer(2),
    own: { first: 0, end: 2 },
  };
  const done = new Uint8Array(task.done);
  const decoding = new Decoding(task, () => {});
  const filled = async (slot: number): Promise<void> => {
    decoding.want(Int32Array.of(slot), 'now');
    for (let tries = 0; done[slot] === 0 && tries < 200; tries++)
      await new Promise((wake) => setTimeout(wake, 5));
    assert.equal(done[slot], 1, `slot ${slot}`);
    await new Promise((wake) => setTimeout(wake, 5));
  };
  await filled(0);
  await filled(0);
  await filled(1);
  await decoding.end();
});
