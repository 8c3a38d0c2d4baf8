import { closeSync, fstatSync, openSync, readFileSync, readSync } from 'node:fs';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { Header, type HeaderData } from 'tar/header';
import { Pax } from 'tar/pax';
import { UserError } from '../errors.js';

/** One member of a tar file. */
export interface Member {
  /** As it stands there; never used as a path. */
  readonly name: string;
  /** Where its bytes lie in the tar, unpacked where that is gzipped. */
  readonly offset: number;
  readonly size: number;
  /** False for folders, links and the like. */
  readonly file: boolean;
  /** In which of the archives it is, where several were put together. */
  readonly part: number;
}

/** The content of a tar file, or of a gzipped one. */
export interface TarBytes {
  readonly size: number;
  /** Bytes offset … offset + length − 1. */
  read(offset: number, length: number): Buffer;
  close(): void;
}

const BLOCK = 512;
/** Of extended headers, which hold long names. */
const LONGEST_HEADER = 2 ** 20;
/** What a gzipped tar may unpack to, as it is held in memory. */
const MOST_UNPACKED = 2 ** 31;

/** Whether a file is gzipped, whatever its name. */
export function isGzipped(path: string): boolean {
  const bytes = Buffer.alloc(2);
  const file = openSync(path, 'r');
  try {
    readSync(file, bytes, 0, 2, 0);
  } finally {
    closeSync(file);
  }
  return bytes.readUInt16BE() === 0x1f8b;
}

/** Opens a tar file, plain or gzipped. @throws UserError for one whose compression is damaged */
export async function openTar(path: string): Promise<TarBytes> {
  if (isGzipped(path)) return inMemory(await unpack(path));
  const file = openSync(path, 'r');
  return {
    size: fstatSync(file).size,
    read(offset, length) {
      const bytes = Buffer.alloc(length);
      return bytes.subarray(0, readSync(file, bytes, 0, length, offset));
    },
    close: () => closeSync(file),
  };
}

function inMemory(bytes: Buffer): TarBytes {
  return {
    size: bytes.length,
    read: (offset, length) => bytes.subarray(offset, offset + length),
    close: () => {},
  };
}

/** The whole content of a gzipped file. @throws UserError when it is damaged or too large */
async function unpack(path: string): Promise<Buffer> {
  try {
    return await promisify(gunzip)(readFileSync(path), { maxOutputLength: MOST_UNPACKED });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE')
      throw new UserError(
        `${path}: unpacks to more than 2 GiB; unpack it with gunzip, or make smaller shards`,
      );
    throw new UserError(`${path}: not a readable gzip file (${(error as Error).message})`);
  }
}

/**
 * Walks the members of a tar, reading headers only; of several archives, one after the other, those of all.
 * @param path for messages
 * @param notes where a sentence is put if the tar is whole as far as can be told
 * @throws UserError naming file, byte or member where the tar is damaged or cut off
 */
export function* readMembers(path: string, tar: TarBytes, notes: string[]): Generator<Member> {
  let extended: HeaderData | undefined;
  let global: HeaderData | undefined;
  let part = 0;
  /** Whether zeros, which end an archive, came last. */
  let ended = false;
  let at = 0;
  const damaged = (): UserError =>
    new UserError(`${path}: not a readable tar file (damaged header at byte ${at})`);
  while (at + BLOCK <= tar.size) {
    const header = decodeHeader(tar.read(at, BLOCK), extended, global);
    if (header?.nullBlock) {
      ended = true;
      at += BLOCK;
      continue;
    }
    if (!header?.cksumValid || header.path === undefined || header.size === undefined) throw damaged();
    if (ended) part++;
    ended = false;
    const { path: name, size, type } = header;
    const offset = at + BLOCK;
    if (!(offset + size <= tar.size)) throw new UserError(`${path}: cut off within its member ${name}`);
    const content = (): string => {
      if (size > LONGEST_HEADER) throw damaged();
      return tar.read(offset, size).toString('utf8');
    };
    if (type === 'ExtendedHeader' || type === 'OldExtendedHeader')
      extended = Pax.parse(content(), extended ?? {});
    else if (type === 'GlobalExtendedHeader') global = Pax.parse(content(), global ?? {}, true);
    else if (type === 'NextFileHasLongPath' || type === 'OldGnuLongPath')
      extended = { ...extended, path: content().replace(/\0.*$/s, '') };
    else if (type !== 'NextFileHasLongLinkpath') {
      yield { name, offset, size, file: /^(Old|Contiguous)?File$/.test(type), part };
      extended = undefined;
    }
    at = offset + Math.ceil(size / BLOCK) * BLOCK;
  }
  if (tar.size === 0) throw new UserError(`${path}: is empty`);
  const rest = tar.read(at, Math.max(0, tar.size - at));
  if (extended !== undefined || rest.some((byte) => byte !== 0))
    throw new UserError(`${path}: cut off, the end of the archive is missing`);
  if (!ended)
    notes.push(`${path} has no end of an archive: its members are whole, but others may have been cut off`);
}

function decodeHeader(
  block: Buffer,
  extended: HeaderData | undefined,
  global: HeaderData | undefined,
): Header | undefined {
  try {
    return new Header(block, 0, extended, global);
  } catch {
    // A size beyond all integers.
    return undefined;
  }
}
