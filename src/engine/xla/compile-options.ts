import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';

/**
 * How a program is compiled: CompileOptionsProto (openxla/xla, compile_options.proto).
 * @param devices that run it together, each a partition of it
 */
export function compileOptions(devices: number): Uint8Array {
  const build = new BinaryWriter();
  // num_replicas and num_partitions.
  build.tag(4, WireType.Varint).int64(1);
  build.tag(5, WireType.Varint).int64(devices);
  if (devices > 1) {
    // use_spmd_partitioning and use_shardy_partitioner.
    build.tag(6, WireType.Varint).bool(true);
    build.tag(19, WireType.Varint).bool(true);
  }
  // executable_build_options
  return new BinaryWriter().tag(3, WireType.LengthDelimited).bytes(build.finish()).finish();
}
