import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';

/** How a program is compiled: CompileOptionsProto (openxla/xla, compile_options.proto), for one device. */
export function compileOptions(): Uint8Array {
  const build = new BinaryWriter();
  // num_replicas and num_partitions.
  build.tag(4, WireType.Varint).int64(1);
  build.tag(5, WireType.Varint).int64(1);
  // executable_build_options
  return new BinaryWriter().tag(3, WireType.LengthDelimited).bytes(build.finish()).finish();
}
