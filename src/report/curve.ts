import type { Curve, Point } from '../evaluate/run-curves.js';
import { type Html, html } from './html.js';

const WIDTH = 360;
const HEIGHT = 180;
const MARGIN = { left: 48, right: 12, top: 10, bottom: 36 };
/** With more points than this their dots would touch. */
const DOTS = 30;

/**
 * Round numbers, evenly spaced, from the last one at or below `low` to the first at or above `high`.
 * @param count intervals at most, give or take one at the ends
 */
export function ticks(low: number, high: number, count = 4): number[] {
  const raw = (high - low) / count || 1;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = power * ([1, 2, 5].find((factor) => factor * power >= raw) ?? 10);
  // A hair's breadth of tolerance, so that rounding adds no tick.
  const first = Math.floor(low / step + 1e-9);
  const last = Math.max(first + 1, Math.ceil(high / step - 1e-9));
  return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(6)));
}

/** A line chart as SVG in a figure; its colours come from the page. Nothing where there are no points. */
export function curve({
  title,
  note,
  points,
  reference,
  digits,
  unit = '',
  over = 'steps',
}: Curve): Html | undefined {
  const shown = points.filter(({ value }) => Number.isFinite(value));
  const latest = shown.at(-1);
  if (latest === undefined) return undefined;
  const ends = shown.flatMap(({ value, error = 0 }) => [value - error, value + error]);
  const levels = ticks(Math.min(0, ...shown.map(({ value }) => value)), Math.max(...ends, reference ?? 0));
  const [bottom, top] = [levels[0] ?? 0, levels.at(-1) ?? 1];
  const end = Math.max(1, latest.step);
  const one = over.slice(0, -1);

  const rounded = (value: number): string => `${Number(value.toPrecision(4))}${unit}`;
  const exact = (value: number): string =>
    digits === undefined ? rounded(value) : `${value.toFixed(digits)}${unit}`;
  const x = (step: number): string =>
    (MARGIN.left + (step / end) * (WIDTH - MARGIN.left - MARGIN.right)).toFixed(1);
  const y = (value: number): string => {
    const share = (Math.max(bottom, value) - bottom) / (top - bottom);
    return (HEIGHT - MARGIN.bottom - share * (HEIGHT - MARGIN.top - MARGIN.bottom)).toFixed(1);
  };
  const path = (corners: readonly Point[]): string =>
    corners.map(({ step, value }) => `${x(step)},${y(value)}`).join(' ');
  const level = (name: string, value: number): Html =>
    html`<line class="${name}" x1="${MARGIN.left}" x2="${WIDTH - MARGIN.right}" y1="${y(value)}" y2="${y(value)}"/>`;

  const upper = shown.map(({ step, value, error = 0 }) => ({ step, value: value + error }));
  const lower = shown.map(({ step, value, error = 0 }) => ({ step, value: value - error }));
  return html`<figure class="chart"><figcaption><b>${title}</b> <output>${exact(latest.value)}</output></figcaption>
<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${title} over ${over}: ${exact(latest.value)} at ${one} ${latest.step}">
${levels.map((value) => [level('grid', value), html`<text x="${MARGIN.left - 6}" y="${y(value)}" dy=".35em" text-anchor="end">${rounded(value)}</text>`])}
${ticks(0, end)
  .filter((step) => step <= end && Number.isInteger(step))
  .map(
    (step) =>
      html`<text x="${x(step)}" y="${HEIGHT - MARGIN.bottom + 15}" text-anchor="middle">${step.toLocaleString('en-US')}</text>`,
  )}
<text x="${(MARGIN.left + WIDTH - MARGIN.right) / 2}" y="${HEIGHT - 4}" text-anchor="middle">${over}</text>
${shown.some(({ error }) => error !== undefined) ? html`<polygon points="${path([...upper, ...lower.reverse()])}"/>` : undefined}
${reference === undefined ? undefined : level('reference', reference)}
<polyline points="${path(shown)}"/>
${shown.length > DOTS ? undefined : shown.map(({ step, value }) => html`<circle cx="${x(step)}" cy="${y(value)}" r="3"><title>${one} ${step}: ${exact(value)}</title></circle>`)}
</svg><p>${note}</p></figure>`;
}
