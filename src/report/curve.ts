/** A line of a chart: step and value. */
export type Point = readonly [step: number, value: number];

const WIDTH = 320;
const HEIGHT = 150;
const MARGIN = { left: 44, right: 10, top: 8, bottom: 20 };

/** Round numbers that divide a range into about `count` parts. */
export function ticks(low: number, high: number, count = 4): number[] {
  const raw = (high - low) / count || 1;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = power * ([1, 2, 5, 10].find((factor) => factor * power >= raw) as number);
  const first = Math.ceil(low / step);
  return Array.from({ length: Math.floor(high / step) - first + 1 }, (_, i) =>
    Number(((first + i) * step).toPrecision(6)),
  );
}

/**
 * A line chart as SVG text; colours come from the page.
 * @param points in order of steps; at least one
 * @param reference a level to compare with, drawn dashed
 */
export function curve(title: string, points: readonly Point[], reference?: number): string {
  const values = [...points.map(([, value]) => value), ...(reference === undefined ? [] : [reference])];
  const last = Math.max(1, ...points.map(([step]) => step));
  const top = Math.max(...values);
  const bottom = Math.min(0, ...values);
  const x = (step: number): number => MARGIN.left + (step / last) * (WIDTH - MARGIN.left - MARGIN.right);
  const y = (value: number): number =>
    HEIGHT - MARGIN.bottom - ((value - bottom) / (top - bottom || 1)) * (HEIGHT - MARGIN.top - MARGIN.bottom);
  const line = points.map(([step, value]) => `${x(step).toFixed(1)},${y(value).toFixed(1)}`).join(' ');
  const rows = ticks(bottom, top).map(
    (tick) =>
      `<line class="grid" x1="${MARGIN.left}" x2="${WIDTH - MARGIN.right}" y1="${y(tick)}" y2="${y(tick)}"/><text x="${MARGIN.left - 5}" y="${y(tick) + 3}" text-anchor="end">${tick}</text>`,
  );
  const columns = ticks(0, last).map(
    (tick) => `<text x="${x(tick)}" y="${HEIGHT - 5}" text-anchor="middle">${tick}</text>`,
  );
  const dashed =
    reference === undefined
      ? ''
      : `<line class="reference" x1="${MARGIN.left}" x2="${WIDTH - MARGIN.right}" y1="${y(reference)}" y2="${y(reference)}"/>`;
  const dots =
    points.length > 30
      ? ''
      : points.map(([step, value]) => `<circle cx="${x(step)}" cy="${y(value)}" r="2.5"/>`).join('');
  return `<figure><figcaption>${title}</figcaption><svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${title} over steps">${rows.join('')}${columns.join('')}${dashed}<polyline points="${line}"/>${dots}</svg></figure>`;
}
