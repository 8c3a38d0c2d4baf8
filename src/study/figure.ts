import { mean } from 'simple-statistics';
import { ticks } from '../report/curve.js';
import { type Html, html } from '../report/html.js';
import type { StudyRow } from './rows.js';
import type { Figure, Study } from './study.js';

/** Pixels; wider where an axis has many levels, so that their names have room. */
const [WIDTH, HEIGHT, LEVEL] = [560, 340, 96];
const MARGIN = { left: 64, right: 16, top: 16, bottom: 52 };
/** Between the seeds of one level, pixels. */
const APART = 10;

/** A picture's own style: it is a file by itself, light or dark as the reader's system is. */
const style = html`<style>
svg { color-scheme: light dark; background: #fff; font: 12px system-ui, sans-serif; }
text { fill: #46525f; } line { stroke: #e1e6ec; } circle { fill: #2160c4; fill-opacity: .65; } .mean { stroke: #1b2430; stroke-width: 2; }
@media (prefers-color-scheme: dark) {
  svg { background: #11161c; } text { fill: #98a5b3; } line { stroke: #2d3742; } circle { fill: #7fb0fb; } .mean { stroke: #e6ebf1; }
}</style>`;

/** A dot. */
interface Dot {
  readonly name: string;
  readonly x: number;
  readonly y: number;
}

/** Dots as SVG, a run each: a column against another, or against the levels of an axis, then with their means. */
export function figure({ name, axes, columns }: Study, { x, y }: Figure, rows: readonly StudyRow[]): string {
  const levels = columns[x] === undefined ? Object.keys(axes[x] ?? {}) : undefined;
  const dots = rows.flatMap(({ cell, numbers }): Dot[] => {
    const at = levels ? levels.indexOf(cell.levels[x] ?? '') : numbers[x];
    const value = numbers[y];
    return at === undefined || value === undefined ? [] : [{ name: cell.name, x: at, y: value }];
  });
  const width = Math.max(WIDTH, MARGIN.left + MARGIN.right + LEVEL * (levels?.length ?? 0));
  const across = levels ? levels.map((_, i) => i) : scaleOf(dots.map((dot) => dot.x));
  const up = scaleOf(dots.map((dot) => dot.y));
  const [left, right] = levels ? [-0.5, levels.length - 0.5] : [across[0] ?? 0, across.at(-1) ?? 1];
  const [bottom, top] = [up[0] ?? 0, up.at(-1) ?? 1];
  const px = (value: number): number =>
    MARGIN.left + ((value - left) / (right - left)) * (width - MARGIN.left - MARGIN.right);
  const py = (value: number): number =>
    HEIGHT - MARGIN.bottom - ((value - bottom) / (top - bottom)) * (HEIGHT - MARGIN.top - MARGIN.bottom);
  const beside = (i: number, among: number): number => (levels ? (i - (among - 1) / 2) * APART : 0);
  const groups = levels ? levels.map((_, i) => dots.filter((dot) => dot.x === i)) : [dots];
  const picture = html`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${HEIGHT}" width="${width}" height="${HEIGHT}" role="img" aria-label="${name}: ${y} against ${x}">${style}
${up.map((value) => html`<line x1="${MARGIN.left}" x2="${width - MARGIN.right}" y1="${round(py(value))}" y2="${round(py(value))}"/><text x="${MARGIN.left - 8}" y="${round(py(value))}" dy=".35em" text-anchor="end">${value}</text>`)}
${across.map((value) => html`<text x="${round(px(value))}" y="${HEIGHT - MARGIN.bottom + 18}" text-anchor="middle">${levels ? (levels[value] ?? '') : value}</text>`)}
<text x="${(MARGIN.left + width - MARGIN.right) / 2}" y="${HEIGHT - 10}" text-anchor="middle">${x}</text>
<text transform="translate(14 ${(HEIGHT - MARGIN.bottom) / 2}) rotate(-90)" text-anchor="middle">${y}</text>
${groups.map((group) => [group.map((dot, i) => circle(dot, px(dot.x) + beside(i, group.length), py(dot.y))), levels && group[0] ? meanOf(group, px(group[0].x), py) : undefined])}
</svg>`;
  return `${picture.text}\n`;
}

const round = (value: number): string => value.toFixed(1);

const circle = ({ name, y }: Dot, cx: number, cy: number): Html =>
  html`<circle cx="${round(cx)}" cy="${round(cy)}" r="4.5"><title>${name}: ${Number(y.toPrecision(4))}</title></circle>`;

function meanOf(group: readonly Dot[], at: number, py: (value: number) => number): Html {
  const level = round(py(mean(group.map(({ y }) => y))));
  return html`<line class="mean" x1="${round(at - 22)}" x2="${round(at + 22)}" y1="${level}" y2="${level}"/>`;
}

/** Round numbers around what is there. */
function scaleOf(values: readonly number[]): number[] {
  return values.length === 0 ? [0, 1] : ticks(Math.min(...values), Math.max(...values), 5);
}
