import type { LatentMaps } from '../evaluate/latent-maps.js';
import { describeAction } from '../world-model/index.js';
import { type Html, html } from './html.js';
import { captioned, square } from './picture.js';

/** Latents of an image as colours: before the predictor, after it, and what it should have said. */
export async function latentsFigure({
  image,
  action,
  wanted,
  before,
  predicted,
  after,
}: LatentMaps): Promise<Html> {
  const [given, seen, said, right, result] = await Promise.all([
    square(image, 'the image'),
    square(before, 'latents of the encoder as colours'),
    square(predicted, 'predicted latents as colours'),
    square(after, 'latents of the target encoder as colours'),
    square(wanted, 'what the action really gives'),
  ]);
  return html`<section class="row"><div class="strip">
${captioned(given, 'image')}${captioned(seen, 'encoded')}<span class="arrow">→</span>${captioned(said, 'predicted')}${captioned(right, 'should be')}${captioned(result, 'really')}
</div><p><b>Action</b> ${describeAction(action)}</p></section>`;
}
