import { availableParallelism } from 'node:os';
import { env } from 'onnxruntime-node';
import { UserError } from '../errors.js';
import { processor } from '../processor.js';
import { spec, trace } from '../tensor/index.js';
import { count, gigabytes } from '../words.js';
import type { XlaDevice } from './engine.js';
import { memoryLimit } from './memory-limit.js';
import { createNodeEngine } from './onnxruntime-node.js';
import { accelerators, findPlugins, isPresent, type Plugin } from './xla/plugins.js';
import { openClient } from './xla/xla-engine.js';

/** What a machine can compute on, or what it lacks for it. */
export interface DeviceReport {
  /** As `--device` has it. */
  readonly device: string;
  readonly engine: string;
  /** Whether programs run there now. */
  readonly usable: boolean;
  /** What it is and how much memory it has; or why it is not usable, and what to do. */
  readonly says: string;
}

/** What this machine can compute on. */
export interface Devices {
  readonly devices: readonly DeviceReport[];
  /** What `--device auto` takes. */
  readonly auto: string;
}

/** What `auto` takes: the best accelerator that is there with its plugin, else the CPU. */
export function bestDevice(): XlaDevice | 'cpu' {
  const plugins = findPlugins();
  const best = accelerators.find((each) => isPresent(each) && plugins.some(({ name }) => name === each.name));
  return best?.name ?? 'cpu';
}

/** Tries every engine and every plugin that is found. */
export async function listDevices(): Promise<Devices> {
  const plugins = findPlugins();
  const others = plugins.filter(({ name }) => accelerators.every((each) => each.name !== name));
  const devices = [cpu(), await webgpu()];
  for (const each of accelerators) {
    const plugin = plugins.find(({ name }) => name === each.name);
    devices.push(await accelerator(each, plugin));
  }
  for (const plugin of others) devices.push(await tried(`xla:${plugin.name}`, plugin));
  return { devices, auto: bestDevice() };
}

const onnxRuntime = (): string => `ONNX Runtime ${env.versions.node ?? env.versions.common}`;

function cpu(): DeviceReport {
  const says = `${processor()}, ${count(availableParallelism(), 'thread')}, ${gigabytes(memoryLimit())}`;
  return { device: 'cpu', engine: onnxRuntime(), usable: true, says };
}

async function webgpu(): Promise<DeviceReport> {
  const engine = createNodeEngine({ device: 'webgpu', threads: 1 });
  try {
    await engine.compile(trace('nothing', { x: spec([1]) }, ({ x }) => ({ y: x })));
    const says = 'a GPU that Vulkan, Metal or Direct3D 12 reaches';
    return { device: 'webgpu', engine: onnxRuntime(), usable: true, says };
  } catch (error) {
    return { device: 'webgpu', engine: onnxRuntime(), usable: false, says: reason(error) };
  } finally {
    engine.dispose();
  }
}

async function accelerator(
  each: (typeof accelerators)[number],
  plugin: Plugin | undefined,
): Promise<DeviceReport> {
  const there = isPresent(each);
  // A plugin without its device may end the process.
  if (plugin !== undefined && there) return tried(each.name, plugin);
  const says =
    plugin !== undefined
      ? `no ${each.what} on this machine; its plugin is ${plugin.path}`
      : there
        ? `${each.what}, whose plugin is missing: ${each.install}`
        : `no ${each.what} on this machine; its plugin comes with ${each.install}`;
  return { device: each.name, engine: 'XLA', usable: false, says };
}

async function tried(device: `xla:${string}` | XlaDevice, { path }: Plugin): Promise<DeviceReport> {
  try {
    const client = await openClient(device, path);
    const each = client.describeDevices();
    const [first] = each;
    const memory = first?.memory === undefined ? '' : `, ${gigabytes(first.memory)} each`;
    const says = `${each.length} × ${first?.kind}${memory}; ${path}`;
    return { device, engine: `XLA (PJRT ${client.version})`, usable: true, says };
  } catch (error) {
    return { device, engine: 'XLA', usable: false, says: reason(error) };
  }
}

/** What a device was refused for, without its name. */
function reason(error: unknown): string {
  if (!(error instanceof UserError)) throw error;
  return error.message.replace(/^--device \S+ /, '').replace(/; use --device cpu$/, '');
}

/** The list in words, a line for each device. */
export function describeDevices({ devices, auto }: Devices): string {
  const widths = (['device', 'engine'] as const).map((key) =>
    Math.max(...devices.map((each) => each[key].length)),
  );
  const lines = devices.map(
    ({ device, engine, usable, says }) =>
      `${device.padEnd(widths[0] ?? 0)}  ${usable ? 'yes' : 'no '}  ${engine.padEnd(widths[1] ?? 0)}  ${says}`,
  );
  return [...lines, `--device auto takes ${auto}; without --device it is cpu`].join('\n');
}
