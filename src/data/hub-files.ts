import { createHash } from 'node:crypto';
import { createReadStream, existsSync, renameSync, rmSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { ReadableStream } from 'node:stream/web';
import { downloadFile, HubApiError, type ListFileEntry, listFiles } from '@huggingface/hub';
import { cacheFolder } from '../cache.js';
import { UserError } from '../errors.js';
import { makeFolder } from '../make-folder.js';

/** Tries of one file; each goes on where the last one broke off. */
const TRIES = 5;

/** What the hub keeps: a data set or a model, by `owner/name`. */
export interface Repository {
  readonly type: 'dataset' | 'model';
  readonly name: string;
}

/**
 * A repository of the Hugging Face hub: its files, in order of their paths, and a way to fetch one to the cache. What is there
 * already is not fetched again, what broke off goes on. From `$HF_ENDPOINT`, with `$HF_TOKEN` where they are set.
 */
export class HubFiles {
  private constructor(
    private readonly repository: Repository,
    private readonly hub: Connection,
    private readonly entries: ReadonlyMap<string, ListFileEntry>,
  ) {}

  /** Lists a repository's files. */
  static async list(repository: Repository): Promise<HubFiles> {
    const hub = connection();
    const entries: ListFileEntry[] = [];
    for await (const entry of listFiles({ repo: repository, recursive: true, ...hub }))
      if (entry.type === 'file') entries.push(entry);
    entries.sort((a, b) => (a.path < b.path ? -1 : 1));
    return new HubFiles(repository, hub, new Map(entries.map((entry) => [entry.path, entry])));
  }

  /** Paths of all files. */
  get paths(): readonly string[] {
    return [...this.entries.keys()];
  }

  /** The path in the cache of a file that is listed; fetched where it is not there yet. */
  async fetch(path: string): Promise<string> {
    const entry = this.entries.get(path);
    if (entry === undefined) throw new RangeError(`no file ${path}`);
    return download(this.repository, entry, this.hub);
  }
}

interface Connection {
  readonly hubUrl?: string;
  readonly accessToken?: string;
}

function connection(): Connection {
  const { HF_ENDPOINT, HF_TOKEN } = process.env;
  if (HF_TOKEN && !HF_TOKEN.startsWith('hf_'))
    throw new UserError('HF_TOKEN is no token of the hub: those begin with hf_');
  return {
    ...(HF_ENDPOINT ? { hubUrl: HF_ENDPOINT.replace(/\/+$/, '') } : {}),
    ...(HF_TOKEN ? { accessToken: HF_TOKEN } : {}),
  };
}

/** The path of a file in the cache, under its content's name: a later version of it is another file. */
async function download(repository: Repository, entry: ListFileEntry, hub: Connection): Promise<string> {
  const { name } = repository;
  const content = entry.lfs?.oid ?? entry.xetHash ?? entry.oid ?? '';
  if (!/^[\w-]+$/.test(content)) throw new UserError(`hf:${name}: ${entry.path} has no content's name`);
  const path = join(cacheFolder(), 'hub', name.replace('/', '--'), content, basename(entry.path));
  if (existsSync(path)) return path;
  makeFolder(dirname(path));
  const partial = `${path}.partial`;
  for (let tries = 1; sizeOf(partial) < entry.size; tries++) {
    try {
      const file = await downloadFile({ repo: repository, path: entry.path, ...hub });
      if (file === null) throw new UserError(`hf:${name}: ${entry.path} is not there`);
      await append(partial, file.slice(sizeOf(partial), entry.size).stream() as ReadableStream<Uint8Array>);
    } catch (error) {
      if (tries === TRIES || !isBrokenConnection(error)) throw error;
    }
  }
  if (entry.lfs !== undefined && (await sha256(partial)) !== entry.lfs.oid) {
    rmSync(partial);
    throw new UserError(`hf:${name}: ${entry.path} came damaged; try again`);
  }
  renameSync(partial, path);
  return path;
}

/** Writes part after part: when the stream breaks off, what came before is in the file, and nothing is on its way. */
async function append(path: string, stream: ReadableStream<Uint8Array>): Promise<void> {
  const file = await open(path, 'a');
  try {
    for await (const part of stream) await file.appendFile(part);
  } catch (error) {
    // What a file handle throws does not say which file it is.
    throw Object.assign(error as Error, { path });
  } finally {
    await file.close();
  }
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

async function sha256(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}

/** What `fetch` throws, and streams of it, when the network fails; the hub's refusals and full disks are others. */
function isBrokenConnection(error: unknown): boolean {
  return error instanceof TypeError && /fetch failed|terminated|network/i.test(error.message);
}

/** What work with the hub gives; where it fails, in words. @throws UserError for what is not there, may not be read or cannot be reached */
export async function explained<T>(source: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const hub = process.env.HF_ENDPOINT ?? 'https://huggingface.co';
    if (error instanceof HubApiError && [401, 403, 404].includes(error.statusCode))
      throw new UserError(`${source}: not on ${hub}, or not for you; what is private needs HF_TOKEN`);
    if (error instanceof HubApiError) throw new UserError(`${source}: ${hub} answered ${error.statusCode}`);
    if (isBrokenConnection(error)) throw new UserError(`${source}: ${hub} cannot be reached`);
    throw error;
  }
}
