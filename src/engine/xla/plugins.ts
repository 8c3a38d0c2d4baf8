import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../../errors.js';

/** A plugin of XLA, a shared library with PJRT's interface. */
export interface Plugin {
  /** What `--device` calls it: cuda, rocm, tpu, or its name in the environment. */
  readonly name: string;
  readonly path: string;
}

/** A kind of accelerator that XLA has a plugin for. */
export interface Accelerator {
  readonly name: 'tpu' | 'cuda' | 'rocm';
  readonly what: string;
  /** Files of the system that are there where such a device is. */
  readonly signs: readonly string[];
  /** Where its plugin lies in a Python environment: the pattern of a folder, and a file there. */
  readonly wheel: readonly [folder: RegExp, file: string];
  /** The command that gets the plugin. */
  readonly install: string;
}

/** The best one first. */
export const accelerators: readonly Accelerator[] = [
  {
    name: 'tpu',
    what: 'Google TPU',
    signs: ['/dev/accel0', '/dev/vfio/0'],
    wheel: [/^libtpu$/, 'libtpu.so'],
    install: 'pip install libtpu',
  },
  {
    name: 'cuda',
    what: 'NVIDIA GPU',
    signs: ['/dev/nvidiactl', '/dev/dxg'],
    wheel: [/^xla_cuda\d+$/, 'xla_cuda_plugin.so'],
    install: 'pip install "jax-cuda13-plugin[with-cuda]"',
  },
  {
    name: 'rocm',
    what: 'AMD GPU',
    signs: ['/dev/kfd'],
    wheel: [/^xla_rocm\d+$/, 'xla_rocm_plugin.so'],
    install: 'pip install jax-rocm7-plugin jax-rocm7-pjrt',
  },
];

/** Names and files of plugins, `cuda:/opt/plugin.so,…`: the variable that JAX reads too. */
const VARIABLE = 'PJRT_NAMES_AND_LIBRARY_PATHS';

/** The plugins that the environment names. */
function namedPlugins(): Plugin[] {
  return (process.env[VARIABLE] ?? '').split(',').flatMap((entry) => {
    const [, name, path] = /^\s*([^:]+):(.+?)\s*$/.exec(entry) ?? [];
    return name === undefined || path === undefined ? [] : [{ name, path }];
  });
}

/** The plugins among the packages of the Python that is on the path. */
function packagedPlugins(): Plugin[] {
  const python = process.platform === 'win32' ? 'python' : 'python3';
  const { stdout } = spawnSync(python, ['-c', 'import sys; print(*sys.path, sep="\\n")'], {
    encoding: 'utf8',
  });
  const folders = (stdout ?? '').split(/\r?\n/).filter((folder) => folder !== '');
  // A plugin is a package of its own, or one of JAX's.
  const places = folders.flatMap((folder) => [folder, join(folder, 'jax_plugins')]).filter(existsSync);
  return accelerators.flatMap(({ name, wheel: [pattern, file] }) =>
    places.flatMap((place) =>
      readdirSync(place)
        .filter((entry) => pattern.test(entry))
        // Of cuda12 and cuda13 the newer.
        .sort((a, b) => b.localeCompare(a, 'en', { numeric: true }))
        .map((entry) => ({ name, path: join(place, entry, file) }))
        .filter(({ path }) => existsSync(path)),
    ),
  );
}

/** All plugins of this machine, one for each name: those of the environment first. */
export function findPlugins(): Plugin[] {
  const seen = new Set<string>();
  return [...namedPlugins(), ...packagedPlugins()].filter(
    ({ name }) => !seen.has(name) && seen.add(name) !== undefined,
  );
}

/** Whether the system has a device of the kind. */
export const isPresent = ({ signs }: Accelerator): boolean => signs.some((file) => existsSync(file));

/**
 * The shared library for a device.
 * @param device cuda, rocm, tpu, xla, or xla: and the plugin's name or file
 * @throws UserError where there is none: what to install
 */
export function findPlugin(device: string): string {
  const asked = device.startsWith('xla:') ? device.slice('xla:'.length) : device;
  if (/[\\/]|\.(so|dylib|dll)$/.test(asked)) {
    if (!existsSync(asked)) throw new UserError(`--device ${device}: there is no file ${asked}`);
    return asked;
  }
  const found = findPlugins();
  const plugin = asked === 'xla' ? found[0] : found.find(({ name }) => name === asked);
  if (plugin === undefined) throw new UserError(`--device ${device}: ${missing(asked)}`);
  if (!existsSync(plugin.path))
    throw new UserError(`--device ${device}: ${VARIABLE} names ${plugin.path}, which does not exist`);
  return plugin.path;
}

function missing(name: string): string {
  const known = accelerators.find((each) => each.name === name);
  if (known !== undefined)
    return `XLA's plugin for it is neither in ${VARIABLE} nor among Python's packages; get it with ${known.install}`;
  const where = name === 'xla' ? 'a plugin of XLA' : `a plugin called ${name}`;
  return `${where} is not in ${VARIABLE} (name:file,…); give its file, --device xla:FILE, or see iwm devices`;
}
