// Disks of their own that are full, or get full, under what is kept to save time: decoded images (too small from the
// start; full in the middle), latents, and a download from a hub (served by this script). Needs root, and Linux (it mounts
// a tmpfs).
//
//   sudo npx tsx bench/reliability/full-cache.ts
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statfsSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sceneJpeg } from '../input/scenes.js';
import { digest, end, iwm, shortRun, start } from './short-run.js';

/** Stored at 128 × 128 these take 34 MiB: worth a file. */
const IMAGES = 720;
const stored = { 'image.stored': 128 };

const folder = mkdtempSync(join(tmpdir(), 'iwm-full-cache-'));
const photos = join(folder, 'photos');
mkdirSync(photos);
for (let i = 0; i < IMAGES; i++) writeFileSync(join(photos, `${i}.jpg`), await sceneJpeg(i, 160));

/** Does something with a disk of so many MiB. */
async function withDisk<T>(mebibytes: number, use: (disk: string) => Promise<T>): Promise<T> {
  const disk = mkdtempSync(join(folder, 'disk-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${mebibytes}m`, 'tmpfs', disk]);
  try {
    return await use(disk);
  } finally {
    execFileSync('umount', [disk]);
  }
}

/** Fills a disk, while others may write to it. */
function fill(disk: string): string {
  const ballast = join(disk, 'ballast');
  const { bavail, bsize } = statfsSync(disk);
  try {
    writeFileSync(ballast, new Uint8Array(bavail * bsize));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
  }
  return ballast;
}

function report(what: string, holds: boolean, came: string): void {
  if (!holds) process.exitCode = 1;
  console.log(`| \`npx tsx bench/reliability/full-cache.ts\` | ${what} | ${holds ? '' : 'WRONG: '}${came} |`);
}
const saying = (stderr: string, words: string): string[] =>
  stderr.split('\n').filter((line) => line.includes(words));
const run = (name: string): string => join(folder, name);
const pretrain = (name: string, cache: string) =>
  iwm(shortRun(run(name), photos, stored), { XDG_CACHE_HOME: cache });

try {
  const plenty = await end(pretrain('plenty', join(folder, 'cache')));
  if (plenty.code !== 0) throw new Error(plenty.stderr);
  const right = digest(run('plenty'));

  await withDisk(16, async (disk) => {
    const { code, stderr } = await end(pretrain('small', disk));
    const said = saying(stderr, 'kept in memory');
    console.error(said.join('\n'));
    report(
      'a cache on a disk too small for it from the start',
      code === 0 && said.length === 1 && digest(run('small')) === right,
      `exit code ${code}, ${said.length} line of warning, images in memory, the same weights (SHA-256)`,
    );
  });

  await withDisk(64, async (disk) => {
    const child = pretrain('filling', disk);
    const ended = end(child);
    const kept = join(disk, 'iwm');
    const blocks = (): number => {
      const [name] = statSync(kept, { throwIfNoEntry: false }) ? readdirSync(kept) : [];
      return name === undefined ? 0 : statSync(join(kept, name)).blocks;
    };
    while (blocks() * 512 < 4 * 2 ** 20 && child.exitCode === null)
      await new Promise((wake) => setTimeout(wake, 1));
    const ballast = fill(disk);
    const there = Math.round((blocks() * 512) / 2 ** 20);
    const { code, stderr } = await ended;
    const said = saying(stderr, 'kept in memory');
    console.error(said.join('\n'));
    rmSync(ballast);
    const again = await end(pretrain('again', disk));
    report(
      `a cache's disk that gets full when ${there} of 34 MiB are there`,
      code === 0 && said.length > 0 && [run('filling'), run('again')].every((out) => digest(out) === right),
      `exit code ${code}, a line of warning in training and one in the report, the rest in memory, the same weights (SHA-256); with room again exit code ${again.code} and the same weights`,
    );
  });

  const trained = await end(start(run('trained')));
  if (trained.code !== 0) throw new Error(trained.stderr);
  await withDisk(16, async (disk) => {
    cpSync(run('trained'), join(disk, 'run'), { recursive: true });
    fill(disk);
    const args = ['adapt', join(disk, 'run'), '--data', 'synthetic:200', '--tune', 'head'];
    const adapted = await end(iwm([...args, '--out', run('adapted'), '--set', 'epochs=1']));
    const said = saying(adapted.stderr, 'images are not kept');
    console.error(said.join('\n'));
    report(
      'latents on a full disk (`iwm adapt`)',
      adapted.code === 0 && said.length > 0 && saying(adapted.stderr, 'no space left').length === said.length,
      `exit code ${adapted.code}, a line for each of ${said.length} sets that are not kept`,
    );
  });

  const file = readFileSync(new URL('../../test/fixtures/snappy.parquet', import.meta.url));
  const oid = createHash('sha256').update(file).digest('hex');
  const hub = createServer((request, response) => {
    if (request.url?.includes('/tree/'))
      return response
        .writeHead(200, { 'content-type': 'application/json' })
        .end(
          JSON.stringify([
            { type: 'file', path: 'train.parquet', size: file.length, oid, lfs: { oid, size: file.length } },
          ]),
        );
    const [, first = '0', last = String(file.length - 1)] =
      /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? [];
    const bytes = file.subarray(Number(first), Number(last) + 1);
    const range = { 'content-range': `bytes ${first}-${last}/${file.length}` };
    return response.writeHead(206, { etag: '"x"', 'content-length': bytes.length, ...range }).end(bytes);
  }).listen(0, '127.0.0.1');
  await once(hub, 'listening');
  const HF_ENDPOINT = `http://127.0.0.1:${(hub.address() as AddressInfo).port}`;
  await withDisk(1, async (disk) => {
    const ballast = fill(disk);
    const args = shortRun(run('hub'), 'hf:owner/pictures', { batch: 2 });
    const env = { HF_ENDPOINT, HF_TOKEN: '', XDG_CACHE_HOME: disk };
    const full = await end(iwm(args, env));
    const said = full.stderr.trimEnd().split('\n').at(-1) ?? '';
    console.error(said);
    rmSync(ballast);
    const again = await end(iwm(args, env));
    report(
      'a download from the hub onto a full disk',
      full.code === 1 && /\.partial: no space left on the disk/.test(said) && again.code === 0,
      `exit code ${full.code}, a line that names the file; with room again exit code ${again.code}`,
    );
  });
  hub.close();
} finally {
  rmSync(folder, { recursive: true });
}
