import { availableParallelism } from 'node:os';
import { UserError } from '../../errors.js';
import type { Program } from '../../tensor/index.js';
import type { Device, Engine, EngineOptions, Executable, XlaDevice } from '../engine.js';
import { updatedPaths } from '../feeds.js';
import { XlaClient } from './client.js';
import { XlaExecutable } from './executable.js';
import { PluginError } from './pjrt.js';
import { XlaValue } from './value.js';

/**
 * XLA on the first device of a plugin. State stays there, and a program updates it where it lies.
 * @param options.device as it was asked for
 * @param plugin path of the shared library
 * @throws UserError where a profile is wanted, which only ONNX Runtime writes
 */
export function createXla(
  { device, profile }: EngineOptions & { readonly device: XlaDevice },
  plugin: string,
): Engine {
  if (profile !== undefined)
    throw new UserError(`--device ${device} has no profile; profile on cpu or webgpu`, 2);
  const executables = new Set<XlaExecutable<unknown, unknown>>();
  return {
    device,
    threads: availableParallelism(),
    async compile<I, O>(
      program: Program<I, O>,
      { updates }: { readonly updates?: string } = {},
    ): Promise<Executable<I, O>> {
      const updated = updatedPaths(program as Program, updates);
      const client = await openClient(device, plugin);
      const executable = new XlaExecutable(program, device, client, updated);
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

/** A plugin at work. @throws UserError where it cannot be used on this machine */
export async function openClient(device: Device, plugin: string): Promise<XlaClient> {
  try {
    return await XlaClient.open(plugin);
  } catch (error) {
    if (!(error instanceof PluginError)) throw error;
    const reason = error.message.split('\n')[0];
    throw new UserError(
      `--device ${device} cannot be used on this machine: ${reason} (${plugin}); use --device cpu`,
    );
  }
}
