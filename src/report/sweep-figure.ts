import sharp from 'sharp';
import type { RgbImage } from '../evaluate/retrieval.js';
import type { Sweep } from '../evaluate/sweep.js';
import { type Html, html } from './html.js';

type Row = Sweep['rows'][number];
type Cell = Row['cells'][number];

/** Pictures are stored no larger than this, pixels a side: a page of hundreds of them must stay light. */
const LARGEST = 96;
/** Up to this size, pixels a side, they are shown enlarged, with their pixels as squares. */
const SMALL = 64;

/** An image as PNG inside the page. */
async function picture({ size, pixels }: RgbImage, alt: string): Promise<Html> {
  const image = sharp(pixels, { raw: { width: size, height: size, channels: 3 } });
  const png = await (size > LARGEST ? image.resize(LARGEST) : image).png({ compressionLevel: 9 }).toBuffer();
  const look = size <= SMALL ? html` class="pixelated"` : undefined;
  return html`<img${look} alt="${alt}" src="data:image/png;base64,${png.toString('base64')}">`;
}

/** An action's value with its sign: `−0.13`, `0`, `+0.40`. */
function signed(value: number): string {
  const text = Math.abs(value).toFixed(2);
  if (Number(text) === 0) return '0';
  return `${value < 0 ? '−' : '+'}${text}`;
}

const right = (cells: readonly Cell[]): number => cells.filter(({ rank }) => rank === 1).length;

async function jitter({ name, cells }: Row): Promise<Html> {
  const wanted = await Promise.all(
    cells.map((cell) => picture(cell.wanted, `${name} ${signed(cell.value)}`)),
  );
  const retrieved = await Promise.all(
    cells.map((cell) => picture(cell.retrieved, `retrieved for ${name} ${signed(cell.value)}`)),
  );
  return html`<figure class="jitter"><figcaption><b>${name}</b> ${right(cells)} of ${cells.length} right</figcaption>
<table>
<tr><th scope="row">action</th>${cells.map(({ value }) => html`<th scope="col">${signed(value)}</th>`)}</tr>
<tr><th scope="row">gives</th>${wanted.map((image) => html`<td>${image}</td>`)}</tr>
<tr><th scope="row">retrieved</th>${cells.map(({ rank }, i) => html`<td${rank === 1 ? html` class="right"` : undefined}>${retrieved[i]}<small>${rank === 1 ? '✓' : rank}</small></td>`)}</tr>
</table></figure>`;
}

/**
 * The paper's Figure 1 for one image: per jitter, swept from low to high, what the action really gives and below it
 * what the prediction retrieves.
 * @param caption what image it is
 */
export async function sweepFigure({ original, rows }: Sweep, caption: string): Promise<Html> {
  const cells = rows.flatMap((row) => row.cells);
  const jitters = await Promise.all(rows.map(jitter));
  return html`<section class="sweep"><div class="original">${await picture(original, caption)}<p><b>${caption}</b><br>${right(cells)} of ${cells.length} right</p></div>
<div class="jitters">${jitters}</div></section>`;
}
