import { createHash } from 'node:crypto';
import { readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder, makeRoom } from '../../cache.js';
import { systemRefusal } from '../../errors.js';
import { makeFolder } from '../../make-folder.js';
import { processor } from '../../processor.js';
import { warn } from '../../warning.js';
import type { Loaded, XlaClient } from './client.js';
import { PluginError } from './pjrt.js';

const ENDING = '.xla';
/** Bytes that the programs may take together: some hundred of the larger ones. */
const LIMIT = 2 ** 30;
/** Bytes of the SHA-256 that a file begins with. */
const CHECKSUM = 32;

/**
 * Compiles StableHLO text, or loads what this plugin made of it on this machine before: compiling takes seconds to
 * minutes, loading less than one. Where the folder cannot be written to, the next run compiles again, and a line says so.
 * @param devices that run it together
 * @throws PluginError
 */
export async function compileOrLoad(client: XlaClient, code: string, devices: number): Promise<Loaded> {
  const file = join(cacheFolder(), `${keyOf(client, code)}${ENDING}`);
  const kept = read(file);
  if (kept !== undefined) {
    try {
      return await client.load(kept, devices);
    } catch (error) {
      // What cannot be loaded is compiled anew.
      if (!(error instanceof PluginError)) throw error;
    }
  }
  const loaded = await client.compile(code, devices);
  await keep(client, loaded, file);
  return loaded;
}

/** Another plugin, machine or program gives another key. */
function keyOf(client: XlaClient, code: string): string {
  const { size, mtimeMs } = statSync(client.path);
  const plugin = { size, mtimeMs, version: client.version, platform: client.platform };
  const machine = { devices: client.describeDevices(), cpu: processor() };
  const hash = createHash('sha256').update(JSON.stringify({ plugin, machine }));
  return hash.update(code).digest('hex').slice(0, 32);
}

const checksum = (bytes: Uint8Array): Buffer => createHash('sha256').update(bytes).digest();

/** @returns undefined where there is no file, or it is not as it was written */
function read(file: string): Buffer | undefined {
  try {
    const all = readFileSync(file);
    const bytes = all.subarray(CHECKSUM);
    if (!checksum(bytes).equals(all.subarray(0, CHECKSUM))) return undefined;
    // The time of last use decides what goes when room is needed.
    utimesSync(file, new Date(), new Date());
    return bytes;
  } catch {
    return undefined;
  }
}

async function keep(client: XlaClient, loaded: Loaded, file: string): Promise<void> {
  const temporary = `${file}.${process.pid}.tmp`;
  try {
    const bytes = await client.serialise(loaded);
    makeFolder(cacheFolder());
    makeRoom(cacheFolder(), ENDING, file, LIMIT - bytes.length);
    writeFileSync(temporary, Buffer.concat([checksum(bytes), bytes]));
    renameSync(temporary, file);
  } catch (error) {
    rmSync(temporary, { force: true });
    // Not every plugin can give its programs away.
    if (error instanceof PluginError) return;
    warn(
      `compiled programs are not kept for the next run: ${systemRefusal(error) ?? (error as Error).message}`,
    );
  }
}
