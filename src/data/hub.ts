import { createHash } from 'node:crypto';
import { createReadStream, existsSync, mkdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { ReadableStream } from 'node:stream/web';
import { downloadFile, HubApiError, type ListFileEntry, listFiles } from '@huggingface/hub';
import { cacheFolder } from '../cache.js';
import { UserError } from '../errors.js';
import { readDatasetJson } from './dataset-file.js';
import { factsOfPaths } from './path-facts.js';
import { byKind } from './shard-files.js';
import { chooseShards, notRead, type Shard, type Shards } from './shards.js';
import { MissingSplit, type Split, splitIn } from './splits.js';

/** A data set on the Hugging Face hub: `hf:owner/name`, with `/configuration` and `:split` after it. */
const ADDRESS = /^hf:([\w.-]+\/[\w.-]+)(?:\/([^:]+))?(?::(\w+))?$/;

/** Tries of one file; each goes on where the last one broke off. */
const TRIES = 5;

/**
 * Downloads a split of a data set's Parquet files, else of its tar files, to the cache; what is there already is not
 * fetched again, what broke off goes on. From `$HF_ENDPOINT`, with `$HF_TOKEN` where they are set.
 * @param source `hf:owner/name`, `hf:owner/name:split`, `hf:owner/name/configuration:split`
 * @throws UserError for what is not there, may not be read or cannot be reached, and where one of several
 *   configurations must be named
 */
export async function downloadFromHub(source: string, wanted: Split | undefined): Promise<Shards> {
  const [, name, configuration, given] = ADDRESS.exec(source) ?? [];
  if (name === undefined)
    throw new UserError(
      `${source}: not a data set on the hub; give hf:owner/name, hf:owner/name:split or hf:owner/name/configuration:split`,
      2,
    );
  const own = given === undefined ? undefined : given === 'all' ? 'all' : splitIn(given);
  if (given !== undefined && own === undefined)
    throw new UserError(`${source}: unknown split ${given}; give train, validation, test or all`, 2);
  if (own !== undefined && wanted !== undefined && own !== wanted)
    throw new MissingSplit(`${source}: no ${wanted} split; this is ${own} alone`);
  const hub = connection();
  return explained(source, async () => {
    const entries = await allFiles(name, hub);
    const files = byKind(entries.map(({ path }) => ({ path, name: path })));
    const kind = files.parquet.length > 0 ? 'parquet' : 'tar';
    if (files[kind].length === 0)
      throw new UserError([`${source}: no Parquet or tar files there`, ...notRead(files, [])].join('; '));
    const byPath = new Map(entries.map((entry) => [entry.path, entry]));
    const fetch = (path: string): Promise<string> => {
      const entry = byPath.get(path);
      if (entry === undefined) throw new RangeError(`no file ${path}`);
      return download(name, entry, hub);
    };
    const [said] = files.facts.filter((file) => file.name === 'dataset.json');
    const facts = said ? readDatasetJson(dirname(await fetch(said.path)), kind) : {};
    facts.checkListed?.(files[kind].map((file) => file.name));
    const told = factsOfPaths(files[kind].map((file) => file.name));
    const all = files[kind].map((file) => {
      const { split, configuration = '' } = told.get(file.name) ?? {};
      const listed = facts.splitOf && { split: facts.splitOf(file.name) };
      return { ...file, split, ...listed, configuration: configuration || 'default' };
    });
    const ours = inConfiguration(source, `hf:${name}`, all, configuration);
    const notes = notRead(files, files[kind]);
    const set: Shards = { kind, source, files: ours, facts, notes };
    const { split, chosen, notes: more } = chooseShards(set, own ?? wanted);
    const here: Shard[] = [];
    for (const file of chosen)
      here.push({ ...file, path: await fetch(file.path), split: split === 'all' ? file.split : split });
    return { kind, source, files: here, facts, split, notes: [...notes, ...more] };
  });
}

/** The files of a configuration, which must be named where there are several. */
function inConfiguration(
  source: string,
  name: string,
  files: readonly Shard[],
  wanted: string | undefined,
): readonly Shard[] {
  const names = [...new Set(files.map(({ configuration }) => configuration))];
  if (wanted === undefined && names.length > 1)
    throw new UserError(
      `${source}: several configurations: ${names.join(', ')}; give one, such as ${name}/${names[0]}`,
      2,
    );
  if (wanted !== undefined && !names.includes(wanted))
    throw new UserError(`${source}: no configuration ${wanted}; there are: ${names.join(', ')}`, 2);
  return files.filter(({ configuration }) => wanted === undefined || configuration === wanted);
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

const repository = (name: string) => ({ type: 'dataset', name }) as const;

/** All files of a data set, in order of their paths. */
async function allFiles(name: string, hub: Connection): Promise<ListFileEntry[]> {
  const entries: ListFileEntry[] = [];
  for await (const entry of listFiles({ repo: repository(name), recursive: true, ...hub }))
    if (entry.type === 'file') entries.push(entry);
  return entries.sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** The path of a file in the cache, under its content's name: a later version of it is another file. */
async function download(name: string, entry: ListFileEntry | undefined, hub: Connection): Promise<string> {
  if (entry === undefined) throw new UserError(`hf:${name}: a file is gone`);
  const content = entry.lfs?.oid ?? entry.xetHash ?? entry.oid ?? '';
  if (!/^[\w-]+$/.test(content)) throw new UserError(`hf:${name}: ${entry.path} has no content's name`);
  const path = join(cacheFolder(), 'hub', name.replace('/', '--'), content, basename(entry.path));
  if (existsSync(path)) return path;
  mkdirSync(dirname(path), { recursive: true });
  const partial = `${path}.partial`;
  for (let tries = 1; sizeOf(partial) < entry.size; tries++) {
    try {
      const file = await downloadFile({ repo: repository(name), path: entry.path, ...hub });
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

async function explained<T>(source: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const hub = process.env.HF_ENDPOINT ?? 'https://huggingface.co';
    if (error instanceof HubApiError && [401, 403, 404].includes(error.statusCode))
      throw new UserError(`${source}: not on ${hub}, or not for you; a private data set needs HF_TOKEN`);
    if (error instanceof HubApiError) throw new UserError(`${source}: ${hub} answered ${error.statusCode}`);
    if (isBrokenConnection(error)) throw new UserError(`${source}: ${hub} cannot be reached`);
    throw error;
  }
}
