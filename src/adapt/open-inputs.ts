import type { ImageSet } from '../data/images.js';
import type { Compiled } from '../evaluate/compiled.js';
import type { Flat } from '../nn/index.js';
import type { Log } from '../train/pretrain.js';
import { type Inputs, imageInputs } from './inputs.js';
import { type FrozenLatents, openLatents } from './latents.js';
import type { Network } from './network.js';
import { type AdaptationSettings, trainedShares } from './settings.js';

/** What is fed for training and for measuring, and what it took to get it. */
export interface Fed {
  readonly training: Inputs;
  readonly heldOut: Inputs;
  readonly latents: FrozenLatents | undefined;
}

/** Images where the encoder is trained, else its latents. */
export async function openInputs(
  settings: AdaptationSettings,
  network: Network,
  encoder: Flat<Float32Array>,
  { training, heldOut }: { training: ImageSet; heldOut: ImageSet },
  compiled: Compiled,
  log: Log,
): Promise<Fed> {
  const { run, cache } = settings;
  if (trainedShares(settings).encoder !== undefined) {
    for (const images of [training, heldOut]) images.prefetch();
    return { training: imageInputs(training), heldOut: imageInputs(heldOut), latents: undefined };
  }
  const open = (images: ImageSet, what: string): Promise<FrozenLatents> =>
    openLatents({ images, network, encoder, cache, run, compiled, log, what });
  const latents = await open(training, 'training');
  return { training: latents.inputs, heldOut: (await open(heldOut, 'held-out')).inputs, latents };
}
