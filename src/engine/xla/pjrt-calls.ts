// The part of PJRT's C interface that we use (openxla/xla, xla/pjrt/c/pjrt_c_api.h). Functions and fields are only ever
// added at the end, so one table serves many versions.

/** Versions of the interface: a major one of its own, and the oldest minor one that was tried. */
export const MAJOR = 0;
export const OLDEST_MINOR = 81;

/** Bytes of `PJRT_Api` before its functions: its size, extensions, and a struct of the version. */
export const HEAD = 40;
/** Where in the head the version's two int32 are. */
export const VERSION = 32;

/**
 * The functions: their number in `PJRT_Api`, and the fields of the one struct that each takes. Every field takes 8
 * bytes; all structs begin with their size and a pointer to extensions.
 */
export const calls = {
  Error_Destroy: [0, ['error']],
  Error_Message: [1, ['error', 'message', 'size']],
  Plugin_Initialize: [3, []],
  Event_Destroy: [5, ['event']],
  Event_Await: [8, ['event']],
  Client_Create: [10, ['options', 'count', 'get', 'getArgument', 'put', 'putArgument', 'client']],
  Client_PlatformName: [12, ['client', 'text', 'size']],
  Client_PlatformVersion: [14, ['client', 'text', 'size']],
  Client_AddressableDevices: [16, ['client', 'devices', 'count']],
  Client_Compile: [20, ['client', 'program', 'options', 'optionsSize', 'executable']],
  Client_BufferFromHostBuffer: [
    22,
    [
      ...['client', 'data', 'type', 'sizes', 'rank', 'strides', 'strideCount', 'semantics', 'device'],
      ...['memory', 'layout', 'done', 'buffer'],
    ],
  ],
  DeviceDescription_Kind: [26, ['description', 'text', 'size']],
  Device_GetDescription: [29, ['device', 'description']],
  Device_MemoryStats: [
    34,
    [
      ...['device', 'used', 'peak', 'hasPeak', 'allocations', 'hasAllocations', 'largest', 'hasLargest'],
      ...['limit', 'hasLimit', 'reserved', 'hasReserved', 'peakReserved', 'hasPeakReserved', 'reservable'],
      ...['hasReservable', 'free', 'hasFree', 'pool', 'hasPool', 'peakPool', 'hasPeakPool'],
    ],
  ],
  Executable_Destroy: [40, ['executable']],
  Executable_NumOutputs: [44, ['executable', 'count']],
  Executable_Serialize: [49, ['executable', 'bytes', 'size', 'serialized', 'destroy']],
  LoadedExecutable_Destroy: [50, ['executable']],
  LoadedExecutable_GetExecutable: [51, ['loaded', 'executable']],
  LoadedExecutable_Execute: [
    55,
    ['executable', 'options', 'inputs', 'devices', 'inputCount', 'outputs', 'events', 'device'],
  ],
  Executable_DeserializeAndLoad: [56, ['client', 'bytes', 'size', 'executable', 'options', 'optionsSize']],
  Buffer_Destroy: [58, ['buffer']],
  Buffer_ToHostBuffer: [70, ['buffer', 'layout', 'data', 'size', 'event']],
} as const satisfies Record<string, readonly [number, readonly string[]]>;

/** Structs that others point to. */
export const structs = {
  Program: ['code', 'size', 'format', 'formatSize'],
  ExecuteOptions: [],
  NamedValue: ['name', 'nameSize', 'type', 'value', 'valueSize'],
} as const satisfies Record<string, readonly string[]>;

/** PJRT_Buffer_Type of our element types. */
export const bufferTypes = {
  bool: 1,
  int8: 2,
  int32: 4,
  int64: 5,
  float16: 10,
  float32: 11,
  float64: 12,
  bfloat16: 13,
} as const;

/** PJRT_NamedValue_Type of a whole number. */
export const NAMED_INT64 = 1;

/** PJRT_HostBufferSemantics: the numbers are copied before the call returns. */
export const COPIED_DURING_CALL = 0;
