import type { RgbImage } from '../evaluate/retrieval.js';
import type { SeenViews } from '../evaluate/seen-views.js';
import { describeAction } from '../world-model/index.js';
import { type Html, html } from './html.js';
import { captioned, square } from './picture.js';

/** How opaque what does not count is drawn, of 255. */
const FAINT = 36;

/**
 * An image of which only some patches count, the others faint.
 * @param patches places of those that count
 * @param rows of patches that the image has
 */
function patched({ size, pixels }: RgbImage, patches: Int32Array, rows: number): RgbImage {
  const [side, counted] = [size / rows, new Set(patches)];
  const faded = new Uint8Array(4 * size * size);
  for (let i = 0; i < size * size; i++) {
    const patch = Math.floor(Math.floor(i / size) / side) * rows + Math.floor((i % size) / side);
    faded.set(pixels.subarray(3 * i, 3 * i + 3), 4 * i);
    faded[4 * i + 3] = counted.has(patch) ? 255 : FAINT;
  }
  return { size, pixels: faded };
}

/**
 * The pair of views that training draws of an image: what the encoder sees, and what is to be predicted.
 * @param rows of patches that a view has
 */
export async function viewsFigure(
  { source, target, visible, predicted, action }: SeenViews,
  rows: number,
): Promise<Html> {
  const [whole, seen, asked, result] = await Promise.all([
    square(source, 'source view'),
    square(patched(source, visible, rows), `${visible.length} patches of the source view`),
    square(patched(target, predicted, rows), `${predicted.length} patches of the target view`),
    square(target, 'target view'),
  ]);
  return html`<section class="row"><div class="strip">
${captioned(whole, 'source')}${captioned(seen, 'seen of it')}<span class="arrow">→</span>${captioned(asked, 'predicted of it')}${captioned(result, 'target')}
</div><p><b>Action</b> ${describeAction(action)}</p></section>`;
}
