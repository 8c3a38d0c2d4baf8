import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkInterface } from '../../../src/engine/xla/pjrt.js';
import { calls } from '../../../src/engine/xla/pjrt-calls.js';
import { Struct, words } from '../../../src/engine/xla/struct.js';
import { UserError } from '../../../src/errors.js';
import { loadKoffi } from '../../../src/koffi.js';

/**
 * What a C compiler says of pjrt_c_api.h 0.81: the function's number in PJRT_Api, and of the fields that we use last the
 * offset in its struct.
 */
const header: Readonly<
  Record<keyof typeof calls, readonly [place: number, field?: string, offset?: number]>
> = {
  Error_Destroy: [0, 'error', 16],
  Error_Message: [1, 'size', 32],
  Plugin_Initialize: [3],
  Event_Destroy: [5, 'event', 16],
  Event_Await: [8, 'event', 16],
  Client_Create: [10, 'client', 64],
  Client_PlatformName: [12, 'size', 32],
  Client_PlatformVersion: [14, 'size', 32],
  Client_AddressableDevices: [16, 'count', 32],
  Client_Compile: [20, 'executable', 48],
  Client_BufferFromHostBuffer: [22, 'buffer', 112],
  DeviceDescription_Kind: [26, 'size', 32],
  Device_GetDescription: [29, 'description', 24],
  Device_MemoryStats: [34, 'hasLimit', 88],
  Executable_Destroy: [40, 'executable', 16],
  Executable_NumOutputs: [44, 'count', 24],
  Executable_Serialize: [49, 'destroy', 48],
  LoadedExecutable_Destroy: [50, 'executable', 16],
  LoadedExecutable_GetExecutable: [51, 'executable', 24],
  LoadedExecutable_Execute: [55, 'events', 64],
  Executable_DeserializeAndLoad: [56, 'executable', 40],
  Buffer_Destroy: [58, 'buffer', 16],
  Buffer_ToHostBuffer: [70, 'event', 48],
};

test('functions and fields are where the header has them', async () => {
  const koffi = await loadKoffi('XLA');
  assert.deepEqual(Object.keys(calls).sort(), Object.keys(header).sort());
  for (const [name, [place, field, offset]] of Object.entries(header)) {
    const [at, fields] = calls[name as keyof typeof calls];
    assert.equal(at, place, name);
    if (field === undefined || offset === undefined) continue;
    const { bytes } = new Struct<string>(koffi, fields, { [field]: 77 });
    assert.equal(bytes.readBigUInt64LE(offset), 77n, `${name}.${field}`);
    assert.equal(bytes.readBigUInt64LE(0), BigInt(bytes.length), `${name}: it says its size`);
    assert.equal(
      bytes.filter((byte, i) => i >= 8 && byte !== 0).length,
      1,
      `${name}: what is not given is zero`,
    );
  }
});

test('what a struct points to is where C finds it: memory, and lists of it', async () => {
  const koffi = await loadKoffi('XLA');
  const numbers = words([5, -1, 2n ** 63n]);
  const struct = new Struct(koffi, ['memory', 'list'], { memory: numbers, list: [numbers] });
  const read = (address: bigint, count: number) => new BigInt64Array(koffi.view(address, 8 * count).slice(0));
  assert.deepEqual([...read(struct.get('memory'), 3)], [5n, -1n, -(2n ** 63n)]);
  const [first = 0n] = read(struct.get('list'), 1);
  assert.equal(BigInt.asUintN(64, first), struct.get('memory'));
});

test('a plugin of another interface is refused, before any of it is called', () => {
  const head = (major: number, minor: number, size: number): Buffer => {
    const bytes = Buffer.alloc(40);
    bytes.writeBigUInt64LE(BigInt(size));
    bytes.writeInt32LE(major, 32);
    bytes.writeInt32LE(minor, 36);
    return bytes;
  };
  assert.deepEqual(checkInterface('a.so', head(0, 115, 1000)), { version: '0.115', size: 1000 });
  for (const [major, minor, size] of [
    [1, 0, 1000],
    [0, 54, 1000],
    [0, 115, 600],
  ] as const)
    assert.throws(
      () => checkInterface('a.so', head(major, minor, size)),
      (error: unknown) => {
        assert.ok(error instanceof UserError);
        assert.match(
          error.message,
          new RegExp(
            `^a\\.so has version ${major}\\.${minor} of the PJRT interface \\(${size} bytes\\); .* is needed`,
          ),
        );
        return true;
      },
    );
});
