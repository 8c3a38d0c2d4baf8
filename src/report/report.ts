import { join } from 'node:path';
import sharp from 'sharp';
import type { RgbImage, Sweep } from '../evaluate/sweep.js';
import type { Health, StepLine } from '../train/run-folder.js';
import { writeAtomically } from '../train/safetensors.js';
import { curve, type Point } from './curve.js';
import { style } from './style.js';

/** What the page of a run shows. */
export interface Report {
  readonly name: string;
  readonly config: unknown;
  readonly steps: readonly StepLine[];
  readonly health: readonly Health[];
  /** How MRR and k-NN were measured. */
  readonly protocol: string;
  readonly sweeps: readonly Sweep[];
}

const CHANCE = 0.024;

const escapeHtml = (text: string): string =>
  text.replace(
    /[&<>"]/g,
    (char) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[char] as string,
  );

/** Writes `report.html`, one page with everything inside it, atomically. @returns its path */
export async function writeReport(folder: string, report: Report): Promise<string> {
  const path = join(folder, 'report.html');
  writeAtomically(path, [new TextEncoder().encode(await renderReport(report))]);
  return path;
}

/** The page as HTML text. */
export async function renderReport({
  name,
  config,
  steps,
  health,
  protocol,
  sweeps,
}: Report): Promise<string> {
  const figures = await Promise.all(sweeps.map(renderSweep));
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(name)} – image world model</title><style>${style}</style></head><body><main>
<h1>${escapeHtml(name)}</h1>
${headline(health)}
<p class="protocol">${escapeHtml(protocol)}</p>
<h2>Curves</h2>
<p>The loss alone says little, as its target moves with the encoder. MRR (chance ${CHANCE}, dashed) tells how well the predictor applies a transformation; k-NN and RankMe falling, or a feature deviation near 0, tell a collapse.</p>
<div class="curves">${curves(steps, health)}</div>
<h2>What the predictor answers</h2>
<p>Each jitter is swept from low to high. Upper strip: what the action really gives. Lower strip: the bank image whose latents are nearest to the prediction. A green frame marks the right one retrieved; a number is the rank of the right one where another was nearer.</p>
${figures.join('\n')}
<details><summary>Configuration</summary><pre>${escapeHtml(JSON.stringify(config, null, 2))}</pre></details>
</main></body></html>
`;
}

function headline(health: readonly Health[]): string {
  const last = health.at(-1);
  if (last === undefined) return '';
  const first = health[0] as Health;
  const card = (label: string, value: string, note: string): string =>
    `<div class="card"><span>${label}</span><strong>${value}</strong><small>${note}</small></div>`;
  const percent = (value: number): string => `${(100 * value).toFixed(1)} %`;
  return `<div class="cards">${card('MRR', last.mrr.toFixed(3), `± ${last.mrrStandardError.toFixed(3)}; ${first.mrr.toFixed(3)} at step ${first.step}, chance ${CHANCE}`)}${
    last.knn === undefined
      ? ''
      : card(
          'k-NN',
          percent(last.knn),
          first.knn === undefined ? '' : `${percent(first.knn)} at step ${first.step}`,
        )
  }${card('RankMe', last.rankMe.toFixed(1), `${first.rankMe.toFixed(1)} at step ${first.step}`)}</div>
<p class="verdict">${escapeHtml(last.verdict)}</p>`;
}

function curves(steps: readonly StepLine[], health: readonly Health[]): string {
  const over = <T extends { step: number }>(
    lines: readonly T[],
    value: (line: T) => number | undefined,
  ): Point[] =>
    lines.flatMap((line) => {
      const found = value(line);
      return found === undefined ? [] : [[line.step, found] as const];
    });
  // A page needs no more points than it has pixels.
  const thinned = steps.filter((_, i) => i % Math.ceil(steps.length / 300) === 0);
  const all: [string, Point[], number?][] = [
    ['Loss', over(thinned, ({ loss }) => loss)],
    ['MRR', over(health, ({ mrr }) => mrr), CHANCE],
    ['k-NN accuracy', over(health, ({ knn }) => knn)],
    ['RankMe', over(health, ({ rankMe }) => rankMe)],
    ['Feature deviation', over(health, ({ featureDeviation }) => featureDeviation)],
    ['Learning rate', over(thinned, ({ learningRate }) => learningRate)],
  ];
  return all
    .filter(([, points]) => points.length > 0)
    .map(([title, points, reference]) => curve(title, points, reference))
    .join('');
}

async function renderSweep({ original, rows }: Sweep): Promise<string> {
  const body = await Promise.all(
    rows.map(async ({ name, cells }) => {
      const wanted = await Promise.all(
        cells.map(({ wanted: image, value }) => picture(image, `${name} ${value.toFixed(2)}`)),
      );
      const retrieved = await Promise.all(
        cells.map(async ({ retrieved: image, rank }) =>
          rank === 1
            ? `<td class="right">${await picture(image, 'right')}</td>`
            : `<td>${await picture(image, `rank ${rank}`)}<small>${rank}</small></td>`,
        ),
      );
      const values = cells.map(({ value }) => `<th>${value > 0 ? '+' : ''}${value.toFixed(2)}</th>`);
      return `<table><tr><th>${name}</th>${values.join('')}</tr><tr><th>action gives</th>${wanted.map((image) => `<td>${image}</td>`).join('')}</tr><tr><th>retrieved</th>${retrieved.join('')}</tr></table>`;
    }),
  );
  return `<section class="sweep">${await picture(original, 'clean image')}<div>${body.join('')}</div></section>`;
}

async function picture({ size, pixels }: RgbImage, alt: string): Promise<string> {
  const png = await sharp(pixels, { raw: { width: size, height: size, channels: 3 } })
    .png()
    .toBuffer();
  return `<img alt="${alt}" src="data:image/png;base64,${png.toString('base64')}">`;
}
