// A short run on a small disk of its own that fills up while a checkpoint is written: what is said and what is left;
// then the disk grows, the run is resumed, and its weights are compared with an unbroken run's. Needs root, and Linux
// (it mounts a tmpfs).
//
//   sudo npx tsx bench/reliability/disk-full.ts
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { digest, end, loggedSteps, STEPS, start } from './short-run.js';

const folder = mkdtempSync(join(tmpdir(), 'iwm-full-'));
const disk = join(folder, 'disk');
const out = join(disk, 'run');
mkdirSync(disk);
execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=32m', 'tmpfs', disk]);
try {
  const whole = join(folder, 'whole');
  const unbroken = await end(start(whole));
  if (unbroken.code !== 0) throw new Error(unbroken.stderr);

  // Room for one checkpoint and a half: the second cannot be written.
  const [first = ''] = readdirSync(join(whole, 'checkpoints'));
  const checkpoint = execFileSync('stat', ['-c', '%s', join(whole, 'checkpoints', first)]);
  const { bavail, bsize } = statfsSync(disk);
  writeFileSync(join(disk, 'ballast'), new Uint8Array(bavail * bsize - Math.round(1.5 * Number(checkpoint))));
  const full = await end(start(out));
  const left = readdirSync(join(out, 'checkpoints'));
  const rest = readdirSync(out, { recursive: true }).filter((name) => /\.(tmp|lock)$/.test(String(name)));
  const said = full.stderr.trimEnd().split('\n').at(-1) ?? '';

  rmSync(join(disk, 'ballast'));
  const resumed = await end(start(out, '--resume'));
  if (resumed.code !== 0) throw new Error(resumed.stderr);
  const identical = digest(out) === digest(whole) && loggedSteps(out).length === STEPS;
  console.error(`exit code ${full.code}, checkpoints ${left}, temporary files ${rest.length}\n${said}`);
  console.log(
    `| \`npx tsx bench/reliability/disk-full.ts\` | a tmpfs full at the second checkpoint | exit code ${full.code}, ${left.length} checkpoint whole, ${rest.length} temporary files; with room again resumed to ${identical ? "the unbroken run's weights (SHA-256)" : 'OTHER weights'} |`,
  );
} finally {
  execFileSync('umount', [disk]);
  rmSync(folder, { recursive: true });
}
