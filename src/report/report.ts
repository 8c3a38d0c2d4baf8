import { join } from 'node:path';
import { CHANCE } from '../evaluate/run-curves.js';
import type { Config } from '../run/config.js';
import { writeAtomically } from '../run/disk/atomic-file.js';
import type { Health, StepLine } from '../run/metrics.js';
import { percent } from '../words.js';
import { curves } from './curves.js';
import { type Html, html } from './html.js';
import { inversionFigure } from './inversion-figure.js';
import { jittersFigure } from './jitters-figure.js';
import { latentsFigure } from './latents-figure.js';
import type { Look } from './look.js';
import { style } from './style.js';
import { sweepFigure } from './sweep-figure.js';
import { viewsFigure } from './views-figure.js';

/** What the page of a run shows; what is empty is left out of it. */
export interface Report extends Look {
  readonly name: string;
  /** The command line that makes this run. */
  readonly command: string;
  readonly config: Config;
  /** In order of steps. */
  readonly steps: readonly StepLine[];
  /** In order of steps; the first is the untrained model's. */
  readonly health: readonly Health[];
}

/**
 * Writes `report.html`, one page with everything inside it, atomically.
 * @param folder the run's, which exists
 * @returns its path
 */
export async function writeReport(folder: string, report: Report): Promise<string> {
  const path = join(folder, 'report.html');
  writeAtomically(path, [new TextEncoder().encode(await renderReport(report))]);
  return path;
}

/** The page as HTML text. */
export async function renderReport(report: Report): Promise<string> {
  const { name, command, config, steps, health, protocol } = report;
  const page = html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${name} – image world model</title><style>${style}</style></head><body><main>
<header><h1>${name}</h1><p>An image world model: a predictor that is told a transformation and applies it to an image’s latents.</p><pre class="command">${command}</pre></header>
${headline(health)}
<p class="protocol">${protocol}</p>
${steps.length + health.length > 0 ? html`<h2>How training went</h2>${curves(steps, health)}` : undefined}
${await pictures(report)}
<details><summary>Configuration</summary><pre>${JSON.stringify(config, null, 2)}</pre></details>
</main></body></html>
`;
  return page.text;
}

function card(label: string, value: string, note: string): Html {
  return html`<div class="card"><span>${label}</span><strong>${value}</strong><small>${note}</small></div>`;
}

function headline(health: readonly Health[]): Html | undefined {
  const [first, last] = [health[0], health.at(-1)];
  if (first === undefined || last === undefined) return undefined;
  const began = (value: string): string => (first === last ? '' : `${value} at step ${first.step}`);
  const rank = 1 / last.mrr;
  const mrr = [
    ...(last.mrrStandardError === undefined ? [] : [`± ${last.mrrStandardError.toFixed(3)}`]),
    ...(first === last ? [] : [began(first.mrr.toFixed(3))]),
    `chance ${CHANCE.toFixed(3)}`,
  ];
  return html`<div class="cards">
${card('MRR', last.mrr.toFixed(3), mrr.join('; '))}
${last.knn === undefined ? undefined : card('k-NN', percent(last.knn), first.knn === undefined ? '' : began(percent(first.knn)))}
${card('RankMe', last.rankMe.toFixed(1), began(first.rankMe.toFixed(1)))}
${card('Feature deviation', last.featureDeviation.toFixed(2), began(first.featureDeviation.toFixed(2)))}
</div>
<p class="verdict"><b>After step ${last.step}: ${last.verdict}.</b> An MRR of ${last.mrr.toFixed(3)} is as if the right one of 256 versions always came at rank ${rank.toFixed(rank < 10 ? 1 : 0)}; by the squared distance in place of the cosine it is ${last.mrrL2.toFixed(3)}.</p>`;
}

async function pictures(report: Report): Promise<Html> {
  const { sweeps, views, inversions, latents } = report;
  const rows = report.config.image.size / report.config.image.patch;
  const part = async (title: string, words: Html, figures: readonly Promise<Html>[]) =>
    figures.length === 0
      ? undefined
      : html`<h2>${title}</h2><p>${words}</p><div class="rows">${await Promise.all(figures)}</div>`;
  const parts = [
    await part(
      'What the predictor answers',
      html`Each row sweeps one jitter from low to high. Above: what the action really gives. Below: the version of the image whose latents are nearest to the prediction, from the clean image and the action alone. <span class="key right">Framed and ✓</span>: the right one came first. <span class="key">A number</span>: another was nearer, and the right one came at this rank. Of a good world model the lower strip looks like the upper one; where both change together but the numbers are above 1, it knows the direction and misses the amount.`,
      sweeps.map((sweep, i) => sweepFigure(sweep, `Held-out image ${i + 1}`)),
    ),
    jittersFigure(report.byJitter),
    await part(
      'What it brings back',
      html`The encoder sees what is left of an image after something destructive; the predictor is told what that was and asked for the clean image, which is looked for among 256 jittered versions: a number beside the nearest is the rank at which the clean one came. What is gone – colours of a grey image – it can only guess, from what images of this kind are like.`,
      inversions.filter(({ length }) => length > 0).map(inversionFigure),
    ),
    await part(
      'Latents as colours',
      html`Each patch’s latents as a colour: their first three principal components over these images as red, green and blue. Left what the encoder makes of an image, right what the target encoder makes of the transformed one, in components of their own. The better the predictor, the more “predicted” has the colours of “should be”.`,
      latents.map(latentsFigure),
    ),
    await part(
      'What it learns from',
      html`Pairs of views as training draws them: the encoder sees some patches of the source, and the predictor, told the action, predicts others of the target. These images are held out, the model was not trained on them.`,
      views.map((each) => viewsFigure(each, rows)),
    ),
  ];
  return html`${parts}`;
}
