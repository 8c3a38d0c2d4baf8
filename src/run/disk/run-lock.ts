import { execFileSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  statSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { UserError } from '../../errors.js';
import { makeFolder } from '../../make-folder.js';

/** `process-PID-START-HOST.lock`: all that is to know is in the name, so that a claim is never half written. */
const claim = /^process-(\d+)-([^-]*)-(.*)\.lock$/;

/**
 * Keeps other processes out of a run's folder, which is made where it is missing.
 *
 * Each process leaves its claim in the folder and only then looks for others': of two, the later one sees the
 * earlier. A claim names a process by number and starting time; that of a dead one never counts again and is
 * removed by whoever sees it, so a killed run can be taken over at once and by one process only.
 * @returns gives the folder back, and removes it where it was made here and nothing came into it
 * @throws UserError naming the process that is at work there
 */
export function lockRun(run: string): () => void {
  if (existsSync(run) && !statSync(run).isDirectory())
    throw new UserError(`${run} is a file, no folder: choose another --out`);
  const made = makeFolder(run);
  const host = encodeURIComponent(hostname());
  const own = `process-${process.pid}-${startOf(process.pid) ?? ''}-${host}.lock`;
  try {
    closeSync(openSync(join(run, own), 'wx'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    throw new UserError(`${run} is in use by this very process`);
  }
  const release = (): void => {
    rmSync(join(run, own), { force: true });
    if (made && readdirSync(run).length === 0) rmdirSync(run);
  };
  for (const name of readdirSync(run)) {
    const [, pid, start, where] = claim.exec(name) ?? [];
    if (pid === undefined || name === own) continue;
    const here = where === host;
    if (here && !isAlive(Number(pid), start ?? '')) {
      rmSync(join(run, name), { force: true });
      continue;
    }
    release();
    const elsewhere = ` on ${decodeURIComponent(where ?? '')}; if that one has ended, remove ${join(run, name)}`;
    throw new UserError(
      `${run} is in use by process ${pid}${here ? '; wait for it, or choose another --out' : elsewhere}`,
    );
  }
  return release;
}

/** Whether a process is at work in a run's folder, as far as can be told from here. */
export function isInUse(run: string): boolean {
  const host = encodeURIComponent(hostname());
  return readdirSync(run).some((name) => {
    const [, pid, start, where] = claim.exec(name) ?? [];
    return pid !== undefined && (where !== host || isAlive(Number(pid), start ?? ''));
  });
}

/** Whether a file of a run's folder is a claim. */
export const isClaim = (name: string): boolean => claim.test(name);

/** Whether the process that had this number when it started then still runs. */
function isAlive(pid: number, start: string): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it is alive, and another user's.
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  const now = startOf(pid);
  return now === undefined || now === start;
}

/**
 * When a process started, in units of the system, without hyphens: numbers of processes come again, but not with the
 * same start. '' for one that has ended and was not yet cleared away; undefined where the system does not tell.
 */
function startOf(pid: number): string | undefined {
  try {
    if (process.platform === 'linux') {
      // The command's name, in parentheses, may hold anything. After it: state (field 3) … starttime (field 22).
      const fields = readFileSync(`/proc/${pid}/stat`, 'latin1')
        .replace(/^.*\) /s, '')
        .split(' ');
      return fields[0] === 'Z' || fields[0] === 'X' ? '' : fields[19];
    }
    const env = { ...process.env, LC_ALL: 'C', TZ: 'UTC' };
    const text = execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { env, encoding: 'utf8' });
    return text.trim().replace(/[^\w]+/g, '.');
  } catch {
    return undefined;
  }
}
