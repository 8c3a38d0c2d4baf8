import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const launcher = fileURLToPath(new URL('../../bin/iwm.js', import.meta.url));

/** A tiny model on synthetic images; checkpoints at every other step. */
const settings = {
  'image.stored': 16,
  'image.size': 16,
  'image.patch': 4,
  'masks.visible': 6,
  'masks.predicted': 6,
  'encoder.depth': 2,
  'encoder.width': 64,
  'predictor.depth': 2,
  batch: 16,
  'health.images': 1,
  'health.every': 1000,
  'checkpoint.every': 2,
  'log.every': 1,
};
export const STEPS = 60;

/** Starts a command of ours. @param env what differs from this process's */
export function iwm(args: readonly string[], env: Readonly<Record<string, string>> = {}): ChildProcess {
  return spawn(process.execPath, [launcher, ...args], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, ...env },
  });
}

/** The short run's arguments: with one thread, as weights depend on their number. */
export function shortRun(out: string, data: string, set: Readonly<Record<string, number>> = {}): string[] {
  const given = Object.entries({ ...settings, ...set }).flatMap(([key, value]) => [
    '--set',
    `${key}=${value}`,
  ]);
  const fixed = ['--data', data, '--preset', 'demo', '--steps', `${STEPS}`, '--threads', '1'];
  return ['pretrain', '--out', out, ...fixed, ...given];
}

/** Starts the short run on synthetic images in a folder. */
export function start(out: string, ...more: string[]): ChildProcess {
  return iwm([...shortRun(out, 'synthetic:200'), ...more]);
}

/** Waits until a process has ended. @returns its exit code (null after a signal) and what it said */
export async function end(child: ChildProcess): Promise<{ code: number | null; stderr: string }> {
  let stderr = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stderr };
}

/** SHA-256 of a finished run's weights. */
export const digest = (run: string): string =>
  createHash('sha256')
    .update(readFileSync(join(run, 'model.safetensors')))
    .digest('hex');

/** Steps in a run's metrics.jsonl, in order. */
export function loggedSteps(run: string): number[] {
  return readFileSync(join(run, 'metrics.jsonl'), 'utf8')
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as { kind: string; step: number })
    .filter(({ kind }) => kind === 'step')
    .map(({ step }) => step);
}
