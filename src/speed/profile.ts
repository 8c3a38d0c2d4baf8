import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { createEngine } from '../engine/create-engine.js';
import type { ComputeOptions, Device } from '../engine/index.js';
import type { Config } from '../run/config.js';
import { openTimedSteps } from './timed-steps.js';

/** One line of a profile: milliseconds of a step, and their share of all operators' time. */
export interface ProfileRow {
  readonly name: string;
  readonly milliseconds: number;
  readonly share: number;
}

/** Where a training step's time goes, by operator and by the layer that traced it; longest first. */
export interface StepProfile {
  readonly preset: string;
  readonly threads: number;
  readonly device: Device;
  readonly rounds: number;
  /** Of all operators of a step; measuring each makes it longer than an unmeasured step. */
  readonly milliseconds: number;
  readonly byOperator: readonly ProfileRow[];
  readonly byLayer: readonly ProfileRow[];
  /** Operators that the CPU computed although another device was asked for. */
  readonly fellBack: readonly ProfileRow[];
}

/** What is read of an event of the runtime's trace; `ts`, its start, and `dur` in microseconds. */
const events = z.array(
  z.object({
    cat: z.string().optional(),
    name: z.string(),
    ts: z.number().optional(),
    dur: z.number().optional(),
    args: z.object({ op_name: z.string().optional(), provider: z.string().optional() }).optional(),
  }),
);
type Event = z.infer<typeof events>[number];

/**
 * The layer of an operator by its name in the program: `encoder/blocks.3/mlp/backward/Mul.2646` is of
 * `encoder/blocks/mlp backward`. What has no scope is the cutting of flat parameters, or the runtime's own.
 */
export function layerOf(name: string): string {
  const parts = name.split('/');
  const last = parts.findIndex((part) => /^[A-Z]\w*\.\d+/.test(part));
  const scopes = parts.slice(0, Math.max(last, 0)).filter((part) => part !== '');
  const layer = scopes
    .filter((part) => part !== 'backward')
    .map((part) => part.replace(/\.\d+$/, ''))
    .join('/');
  return `${layer === '' ? 'parameters, loss' : layer}${scopes.includes('backward') ? ' backward' : ''}`;
}

const operatorOf = (event: Event): string => event.args?.op_name ?? event.name;

/** @param total microseconds that the shares are of */
function fold(
  nodes: readonly Event[],
  steps: number,
  key: (event: Event) => string,
  total: number,
): ProfileRow[] {
  const sums = new Map<string, number>();
  for (const event of nodes) sums.set(key(event), (sums.get(key(event)) ?? 0) + (event.dur ?? 0));
  return [...sums]
    .map(([name, micros]) => ({ name, milliseconds: micros / 1000 / steps, share: micros / total }))
    .sort((a, b) => b.milliseconds - a.milliseconds);
}

/** Runs `rounds` training steps, and one before them, under the runtime's profiler. */
export async function profileStep(
  config: Config,
  { rounds = 5, threads, device }: { rounds?: number } & ComputeOptions = {},
): Promise<StepProfile> {
  const folder = await mkdtemp(join(tmpdir(), 'iwm-profile-'));
  try {
    const engine = createEngine({
      profile: join(folder, 'trace'),
      threads,
      device,
    });
    const timed = await openTimedSteps(config, engine);
    for (let round = -1; round < rounds; round++) await timed.run();
    // The runtime writes a program's trace when it is released.
    engine.dispose();
    await timed.close();
    const [file = ''] = await readdir(folder);
    const trace = events.parse(JSON.parse(await readFile(join(folder, file), 'utf8')));
    const starts = trace.flatMap(({ name, ts }) => (name === 'model_run' && ts !== undefined ? [ts] : []));
    // The first step is not counted: it finds the memory that the others use again.
    const second = starts.sort((a, b) => a - b)[1] ?? Infinity;
    const nodes = trace.filter(({ cat, ts = 0 }) => cat === 'Node' && ts >= second);
    const total = nodes.reduce((sum, event) => sum + (event.dur ?? 0), 0);
    const onCpu = nodes.filter(({ args }) => args?.provider === 'CPUExecutionProvider');
    return {
      preset: config.preset,
      threads: engine.threads,
      device: engine.device,
      rounds,
      milliseconds: total / 1000 / rounds,
      byOperator: fold(nodes, rounds, operatorOf, total),
      byLayer: fold(nodes, rounds, (event) => layerOf(event.name), total),
      fellBack: engine.device === 'cpu' ? [] : fold(onCpu, rounds, operatorOf, total),
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The profile in words: what takes at least half a per cent. */
export function describeProfile({
  preset,
  threads,
  device,
  rounds,
  milliseconds,
  byOperator,
  byLayer,
  fellBack,
}: StepProfile): string {
  const table = (rows: readonly ProfileRow[]): string[] =>
    rows
      .filter((row) => row.share >= 0.005)
      .map(
        (row) =>
          `${row.milliseconds.toFixed(2).padStart(10)} ms ${(100 * row.share).toFixed(1).padStart(5)} %  ${row.name}`,
      );
  return [
    `preset ${preset}, ${device === 'cpu' ? `${threads} threads` : device}, mean of ${rounds} steps: ${milliseconds.toFixed(1)} ms in operators`,
    ...(device === 'cpu' ? [] : [describeFallback(fellBack, device)]),
    'by operator',
    ...table(byOperator),
    'by layer',
    ...table(byLayer),
  ].join('\n');
}

function describeFallback(fellBack: readonly ProfileRow[], device: Device): string {
  if (fellBack.length === 0) return `every operator was computed by ${device}`;
  const each = fellBack.map(({ name, milliseconds }) => `${name} (${milliseconds.toFixed(2)} ms)`);
  return `computed by the CPU beside ${device}: ${each.join(', ')}`;
}
