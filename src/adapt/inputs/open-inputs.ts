import type { Compiled } from '../../engine/index.js';
import type { Log } from '../../log.js';
import type { Flat } from '../../nn/index.js';
import type { InputKind, Network } from '../network/network.js';
import { type AdaptationSettings, trainedShares } from '../settings.js';
import { type Images, type Inputs, imageInputs } from './inputs.js';
import { type FrozenLatents, openLatents } from './latents.js';

/** What a frozen encoder's latents of all training images took; of several tasks the dearest way. */
export type LatentsCost = Omit<FrozenLatents, 'inputs'>;

/** What is fed for training and for measuring, task by task, and what it took to get it. */
export interface OpenInputs {
  /** The same for all. */
  readonly kind: InputKind;
  readonly training: readonly Inputs[];
  readonly heldOut: readonly Inputs[];
  /** Of all tasks together. */
  readonly latents: LatentsCost | undefined;
}

/** The images of one task. */
interface TaskSets {
  readonly name: string;
  readonly training: { readonly images: Images };
  readonly heldOut: { readonly images: Images };
}

/** Images where the encoder is trained, else its latents. */
export async function openInputs(
  settings: AdaptationSettings,
  network: Network,
  encoder: Flat<Float32Array>,
  tasks: readonly TaskSets[],
  compiled: Compiled,
  log: Log,
): Promise<OpenInputs> {
  const { run, cache } = settings;
  if (trainedShares(settings).encoder !== undefined) {
    for (const { training, heldOut } of tasks)
      for (const { images } of [training, heldOut]) images.prefetch();
    return {
      kind: 'images',
      training: tasks.map(({ training }) => imageInputs(training.images)),
      heldOut: tasks.map(({ heldOut }) => imageInputs(heldOut.images)),
      latents: undefined,
    };
  }
  let held = 0;
  const open = async (images: Images, what: string): Promise<FrozenLatents> => {
    const latents = await openLatents({ images, network, encoder, cache, held, run, compiled, log, what });
    if (latents.from !== 'every epoch') held += latents.bytes;
    return latents;
  };
  const training: FrozenLatents[] = [];
  for (const task of tasks) training.push(await open(task.training.images, `${task.name} training`));
  const heldOut: FrozenLatents[] = [];
  for (const task of tasks) heldOut.push(await open(task.heldOut.images, `${task.name} held-out`));
  return {
    kind: cache.precision,
    training: training.map(({ inputs }) => inputs),
    heldOut: heldOut.map(({ inputs }) => inputs),
    latents: together(training, cache.precision),
  };
}

/** From the cheapest to the dearest. */
const ways = ['disk', 'computed', 'every epoch'] as const;

function together(all: readonly FrozenLatents[], precision: FrozenLatents['precision']): LatentsCost {
  const dearest = Math.max(...all.map(({ from }) => ways.indexOf(from)));
  return {
    precision,
    bytes: all.reduce((sum, { bytes }) => sum + bytes, 0),
    seconds: all.reduce((sum, { seconds }) => sum + seconds, 0),
    from: ways[dearest] as (typeof ways)[number],
  };
}
