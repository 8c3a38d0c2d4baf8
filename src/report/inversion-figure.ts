import type { Inversion } from '../evaluate/inversion.js';
import { type Html, html } from './html.js';
import { captioned, mark, square } from './picture.js';

/** What an image went through before the encoder saw it, and what the predictor brings back, in a row. */
export async function inversionFigure(inversions: readonly Inversion[]): Promise<Html> {
  const each = await Promise.all(
    inversions.map(async ({ name, seen, wanted, retrieved, rank }) => {
      const [left, found, right] = await Promise.all([
        square(seen, `after ${name}`),
        square(retrieved, `retrieved after ${name}`),
        square(wanted, 'the clean image'),
      ]);
      return html`<figure class="inversion"><figcaption><b>${name}</b></figcaption><div class="strip">
${captioned(left, 'seen')}<span class="arrow">→</span><figure${rank === 1 ? html` class="right"` : undefined}>${found}<p>nearest${rank === 1 ? '' : ','} ${mark(rank)}</p></figure>${captioned(right, 'clean')}
</div></figure>`;
    }),
  );
  return html`<section class="row inversions">${each}</section>`;
}
