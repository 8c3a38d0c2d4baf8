import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire';

/** Reads a field of a message, or leaves it. */
export type Field = (number: number, reader: BinaryReader, type: WireType) => void;

/** Reads a message field by field. @throws Error where the bytes are none, or were cut off */
export function readFields(message: Uint8Array, field: Field): void {
  const reader = new BinaryReader(message);
  while (reader.pos < reader.len) {
    const [number, type] = reader.tag();
    const before = reader.pos;
    field(number, reader, type);
    if (reader.pos === before) reader.skip(type, number);
  }
}

/** What becomes of a text, of bytes or of a message within a message. */
export type Change = (content: Uint8Array) => Uint8Array;

export const unchanged: Change = (content) => content;

/**
 * A message once more, in the same order.
 * @param change what becomes of a field; it is left out where undefined
 */
export function copyFields(
  message: Uint8Array,
  change: (field: number) => Change | undefined,
): Uint8Array<ArrayBuffer> {
  const writer = new BinaryWriter();
  let begin = 0;
  readFields(message, (number, reader, type) => {
    const changed = change(number);
    if (changed !== undefined && changed !== unchanged && type === WireType.LengthDelimited)
      writer.tag(number, type).bytes(changed(reader.bytes()));
    else {
      reader.skip(type, number);
      if (changed !== undefined) writer.raw(message.subarray(begin, reader.pos));
    }
    begin = reader.pos;
  });
  return writer.finish();
}
