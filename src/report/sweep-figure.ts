import type { Sweep } from '../evaluate/sweep.js';
import { type Html, html } from './html.js';
import { mark, square } from './picture.js';

type Row = Sweep['rows'][number];
type Cell = Row['cells'][number];

/** An action's value with its sign: `−0.13`, `0`, `+0.40`. */
function signed(value: number): string {
  const text = Math.abs(value).toFixed(2);
  if (Number(text) === 0) return '0';
  return `${value < 0 ? '−' : '+'}${text}`;
}

const right = (cells: readonly Cell[]): number => cells.filter(({ rank }) => rank === 1).length;

async function jitter({ name, cells }: Row): Promise<Html> {
  const wanted = await Promise.all(cells.map((cell) => square(cell.wanted, `${name} ${signed(cell.value)}`)));
  const retrieved = await Promise.all(
    cells.map((cell) => square(cell.retrieved, `retrieved for ${name} ${signed(cell.value)}`)),
  );
  return html`<figure class="jitter"><figcaption><b>${name}</b> ${right(cells)} of ${cells.length} right</figcaption>
<table>
<tr><th scope="row">action</th>${cells.map(({ value }) => html`<th scope="col">${signed(value)}</th>`)}</tr>
<tr><th scope="row">gives</th>${wanted.map((image) => html`<td>${image}</td>`)}</tr>
<tr><th scope="row">retrieved</th>${cells.map(({ rank }, i) => html`<td${rank === 1 ? html` class="right"` : undefined}>${retrieved[i]}${mark(rank)}</td>`)}</tr>
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
  return html`<section class="sweep"><div class="original">${await square(original, caption)}<p><b>${caption}</b><br>${right(cells)} of ${cells.length} right</p></div>
<div class="jitters">${jitters}</div></section>`;
}
