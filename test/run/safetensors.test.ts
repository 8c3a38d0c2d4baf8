import assert from 'node:assert/strict';
import {
  closeSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { UserError } from '../../src/errors.js';
import { writeAtomically } from '../../src/run/disk/atomic-file.js';
import {
  readFloats,
  readSafetensors,
  readStored,
  writeSafetensors,
} from '../../src/run/disk/safetensors-file.js';
import type { Weights } from '../../src/run/safetensors.js';

const folder = mkdtempSync(join(tmpdir(), 'iwm-'));
after(() => rmSync(folder, { recursive: true }));
const path = join(folder, 'weights.safetensors');

const weights: Weights = {
  tensors: new Map([
    ['blocks.0.weight', { shape: [2, 3], data: Float32Array.of(1, -2.5, 1e-38, 3.4e38, -0, 0.1) }],
    ['scalar', { shape: [], data: Float32Array.of(7) }],
    ['empty', { shape: [0, 4], data: new Float32Array() }],
    ['größe ✓', { shape: [1], data: Float32Array.of(2) }],
    ['strange', { shape: [3], data: Float32Array.of(Number.NaN, Number.POSITIVE_INFINITY, 1e-45) }],
  ]),
  metadata: { step: '12', note: '"quoted",\n two lines' },
};
writeSafetensors(path, weights);
const whole = readFileSync(path);

/** A file with this header, and `length` bytes of numbers. */
function withHeader(header: unknown, length = 8): Buffer {
  const json = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([size, json, Buffer.alloc(length)]);
}

function refused(bytes: Uint8Array, what: string): void {
  const damaged = join(folder, 'damaged.safetensors');
  writeFileSync(damaged, bytes);
  assert.throws(
    () => readSafetensors(damaged),
    (error: unknown) => {
      assert.ok(error instanceof UserError, `${what}: ${String(error)}`);
      assert.ok(error.message.startsWith(damaged) && !error.message.includes('\n'), error.message);
      return true;
    },
    what,
  );
}

describe('what is written', () => {
  test('comes back bit for bit, with names, shapes and metadata', () => {
    assert.deepEqual(readSafetensors(path), weights);
    const { data } = readSafetensors(path).tensors.get('blocks.0.weight')!;
    assert.ok(Object.is(data[4], -0));
  });

  test('is a safetensors file: length, JSON padded to 8 bytes, numbers one after another', () => {
    const length = Number(whole.readBigUInt64LE(0));
    assert.equal(length % 8, 0);
    const header = JSON.parse(whole.subarray(8, 8 + length).toString('utf8'));
    assert.deepEqual(header.__metadata__, weights.metadata);
    assert.deepEqual(header['blocks.0.weight'], { dtype: 'F32', shape: [2, 3], data_offsets: [0, 24] });
    assert.deepEqual(header.scalar, { dtype: 'F32', shape: [], data_offsets: [24, 28] });
    assert.equal(whole.readFloatLE(8 + length + 4), -2.5);
    assert.equal(whole.length, 8 + length + 4 * (6 + 1 + 0 + 1 + 3));
  });

  test('holds the part of an array that a view shows', () => {
    const all = Float32Array.of(1, 2, 3, 4);
    const part = join(folder, 'part.safetensors');
    writeSafetensors(part, {
      tensors: new Map([['middle', { shape: [2], data: all.subarray(1, 3) }]]),
      metadata: {},
    });
    assert.deepEqual([...readSafetensors(part).tensors.get('middle')!.data], [2, 3]);
  });

  test('replaces the file before, and leaves nothing beside it', () => {
    const place = mkdtempSync(join(folder, 'atomic-'));
    const file = join(place, 'a.bin');
    writeAtomically(file, [Uint8Array.of(1, 2), Uint8Array.of(3)]);
    writeAtomically(file, [Uint8Array.of(4)]);
    assert.deepEqual([...readFileSync(file)], [4]);
    assert.throws(() => writeAtomically(join(place, 'missing', 'a.bin'), [Uint8Array.of(1)]));
    // A folder cannot be replaced by a file: the temporary one goes away, what was there stays.
    assert.throws(() => writeAtomically(place, [Uint8Array.of(1)]));
    assert.deepEqual(readdirSync(place), ['a.bin']);
    assert.ok(readdirSync(folder).every((name) => !name.endsWith('.tmp')));
  });
});

test('numbers of any floating type are read as float32', () => {
  const weights = join(folder, 'weights');
  const file = (dtype: string, bytes: Uint8Array, length: number) => {
    const header = { a: { dtype, shape: [length], data_offsets: [0, bytes.length] } };
    return Buffer.concat([withHeader(header, 0), bytes]);
  };
  const read = (dtype: string, numbers: Uint16Array | Float32Array | Float64Array) => {
    const bytes = new Uint8Array(numbers.buffer);
    writeFileSync(weights, file(dtype, bytes, numbers.length));
    const { tensors, types } = readFloats(weights);
    assert.deepEqual(types, [dtype]);
    return [...tensors.get('a')!.data];
  };
  // IEEE 754: one, minus two, the largest, the smallest, the least normal one, minus zero, infinity, none.
  const halves = Uint16Array.of(0x3c00, 0xc000, 0x7bff, 0x0001, 0x0400, 0x8000, 0x7c00, 0x7e00);
  const expected = [1, -2, 65504, 2 ** -24, 2 ** -14, -0, Number.POSITIVE_INFINITY, Number.NaN];
  assert.deepEqual(read('F16', halves), expected);
  assert.deepEqual(read('BF16', Uint16Array.of(0x3f80, 0xc000, 0x4049, 0x8000)), [1, -2, 3.140625, -0]);
  assert.deepEqual(read('F64', Float64Array.of(0.1, 1e300)), [Math.fround(0.1), Number.POSITIVE_INFINITY]);
  assert.deepEqual(read('F32', Float32Array.of(0.5)), [0.5]);
  writeFileSync(weights, file('I64', new Uint8Array(8), 1));
  assert.throws(() => readFloats(weights), /weights: not .*\(header a\.dtype\)/);
});

test('a file beyond 2 GiB is read where its tensors lie', () => {
  const large = join(folder, 'large');
  const start = 2 ** 31 + 8;
  const json = withHeader({ a: { dtype: 'F32', shape: [2], data_offsets: [start, start + 8] } }, 0);
  const file = openSync(large, 'w');
  writeSync(file, json);
  // What lies between takes no room on the disk.
  writeSync(file, new Uint8Array(Float32Array.of(0.5, -3).buffer), 0, 8, json.length + start);
  closeSync(file);
  assert.deepEqual([...readFloats(large).tensors.get('a')!.data], [0.5, -3]);
  truncateSync(large, json.length + start + 4);
  assert.throws(() => readFloats(large), /large: not .* \(tensor a is cut off\)$/);
  rmSync(large);
});

test('half precision comes back as the same bits, and is not taken for float32', () => {
  const half = join(folder, 'half.safetensors');
  const data = Uint16Array.of(0, 0x3c00, 0xffff, 0x8000, 1, 2);
  writeSafetensors(half, { tensors: new Map([['a', { shape: [2, 3], data }]]), metadata: { key: 'k' } });
  assert.deepEqual(readStored(half, 'F16'), {
    tensors: new Map([['a', { shape: [2, 3], data }]]),
    metadata: { key: 'k' },
  });
  assert.throws(
    () => readSafetensors(half),
    /half\.safetensors: not a safetensors file of float32 numbers \(header a/,
  );
  assert.throws(() => readStored(path, 'F16'), /not a safetensors file of float16 numbers/);
});

describe('what others wrote', () => {
  test('a file of the reference implementation is read', () => {
    const reference = fileURLToPath(new URL('../fixtures/step.safetensors', import.meta.url));
    const { tensors } = readSafetensors(reference);
    assert.deepEqual(tensors.get('feature.gradient.encoder.patch_embed.proj.weight')!.shape, [16, 3, 4, 4]);
    assert.ok([...tensors.values()].every(({ data }) => data.every(Number.isFinite)));
  });

  test('metadata may be missing', () => {
    const plain = join(folder, 'plain.safetensors');
    writeFileSync(plain, withHeader({ a: { dtype: 'F32', shape: [2], data_offsets: [0, 8] } }));
    assert.deepEqual(readSafetensors(plain), {
      tensors: new Map([['a', { shape: [2], data: new Float32Array(2) }]]),
      metadata: {},
    });
  });
});

describe('a damaged file is refused by name', () => {
  test('cut off at any length', () => {
    for (let length = 0; length < whole.length; length++)
      refused(whole.subarray(0, length), `${length} bytes`);
  });

  test('of another kind', () => {
    refused(Buffer.from('PK\u0003\u0004 a zip archive, say, of some length'), 'zip');
    refused(Buffer.alloc(64, 0xff), 'ones');
    refused(Buffer.alloc(64), 'zeros');
    refused(withHeader('{"a": '), 'half a header');
    for (const header of [null, 5, 'text', [1]]) refused(withHeader(header), JSON.stringify(header));
    refused(withHeader({ __metadata__: 5 }), 'metadata');
  });

  test('with numbers of another type, or another count than the shape says', () => {
    const entry = { dtype: 'F32', shape: [2], data_offsets: [0, 8] };
    for (const [what, wrong] of Object.entries({
      half: { ...entry, dtype: 'F16', data_offsets: [0, 4] },
      more: { ...entry, shape: [3] },
      beyond: { ...entry, data_offsets: [8, 16] },
      backwards: { ...entry, data_offsets: [8, 0] },
      shapeless: { dtype: 'F32', data_offsets: [0, 8] },
      placeless: { dtype: 'F32', shape: [2] },
      nothing: null,
      number: 3,
      'a shape of letters': { ...entry, shape: 'ab' },
      'a negative shape': { ...entry, shape: [-1, -2] },
      'before the numbers': { ...entry, data_offsets: [-8, 0] },
      'one offset': { ...entry, data_offsets: 5 },
    }))
      refused(withHeader({ a: wrong }), what);
  });
});
