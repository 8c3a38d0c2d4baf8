import { availableParallelism } from 'node:os';
import { UserError } from '../../errors.js';
import type { Program } from '../../tensor/index.js';
import type {
  CompileOptions,
  Device,
  DeviceCount,
  Engine,
  EngineOptions,
  Executable,
  XlaDevice,
} from '../engine.js';
import { updatedPaths } from '../feeds.js';
import { XlaClient } from './client.js';
import { XlaExecutable } from './executable.js';
import { PluginError } from './pjrt.js';
import { XlaValue } from './value.js';

/**
 * XLA on devices of a plugin. State stays there, and a program updates it where it lies.
 * @param options.device as it was asked for
 * @param options.devices how many of them compute together: each program is cut up by Shardy, and gives what it gives on one
 * @param plugin path of the shared library
 * @throws UserError where a profile is wanted or ONNX models are to be called, which only ONNX Runtime does
 */
export function createXla(
  { device, devices: wanted = 1, models = {}, profile }: EngineOptions & { readonly device: XlaDevice },
  plugin: string,
): Engine {
  if (profile !== undefined)
    throw new UserError(`--device ${device} has no profile; profile on cpu or webgpu`, 2);
  if (Object.keys(models).length > 0)
    throw new UserError(
      `--device ${device} cannot run an encoder that is an ONNX file; use --device cpu or webgpu, or give the encoder as weights`,
      2,
    );
  const executables = new Set<XlaExecutable<unknown, unknown>>();
  return {
    device,
    threads: availableParallelism(),
    devices: async () => (await openDevices(device, plugin, wanted)).devices,
    async compile<I, O>(
      program: Program<I, O>,
      { updates, shared = [] }: CompileOptions = {},
    ): Promise<Executable<I, O>> {
      const updated = updatedPaths(program as Program, updates);
      const isShared = (path: string): boolean =>
        shared.some((name) => path === name || path.startsWith(`${name}.`));
      const opened = await openDevices(device, plugin, wanted);
      const executable = new XlaExecutable(program, { device, ...opened, updated, isShared });
      executables.add(executable as XlaExecutable<unknown, unknown>);
      if (isStatic(program as Program)) await executable.prepare(new Map());
      return executable;
    },
    value: ({ dtype, shape }, data) => XlaValue.of(dtype, shape, data),
    dispose() {
      for (const executable of executables) executable.dispose();
      executables.clear();
    },
  };
}

/** Others are compiled when their sizes are known. */
const isStatic = ({ inputs }: Program): boolean =>
  inputs.every(([, { shape }]) => shape.every((dim) => typeof dim === 'number'));

/** A plugin with so many devices as are wanted. @throws UserError where there are fewer; as {@link openClient} */
async function openDevices(
  device: Device,
  plugin: string,
  wanted: DeviceCount,
): Promise<{ client: XlaClient; devices: number }> {
  const client = await openClient(device, plugin);
  const found = client.deviceCount;
  const devices = wanted === 'all' ? found : wanted;
  if (devices <= found) return { client, devices };
  // A CPU is cut into as many as one likes, to try what many devices do.
  if (client.platform.name === 'cpu') return { client: await openClient(device, plugin, devices), devices };
  throw new UserError(
    `--devices ${devices}: ${device} has ${found} on this machine; --devices all takes them`,
    2,
  );
}

/**
 * A plugin at work.
 * @param cpus devices that a plugin for the CPU makes of it
 * @throws UserError where it cannot be used on this machine
 */
export async function openClient(device: Device, plugin: string, cpus = 1): Promise<XlaClient> {
  try {
    return await XlaClient.open(plugin, cpus);
  } catch (error) {
    if (!(error instanceof PluginError)) throw error;
    const reason = error.message.split('\n')[0];
    throw new UserError(
      `--device ${device} cannot be used on this machine: ${reason} (${plugin}); use --device cpu`,
    );
  }
}
