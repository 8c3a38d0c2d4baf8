import type { AdaptedTask } from '../adapt/model/adapted-config.js';
import type { AdaptationResult } from '../adapt/result.js';
import { caveat, type Score } from '../adapt/scores/score.js';
import type { Curve } from '../evaluate/run-curves.js';
import { duration, millions, percent } from '../words.js';
import { confusionFigure } from './confusion-figure.js';
import { curve } from './curve.js';
import { type Html, html } from './html.js';
import { style } from './style.js';

/** One task of the page: how well it is done on the images asked, and the worst mistakes as pictures. */
export interface AskedTask {
  readonly task: AdaptedTask;
  readonly score: Score;
  readonly mistakes: Html | undefined;
}

/** What the page of an adapted model shows. */
export interface AdaptedPage {
  readonly name: string;
  /** Of the pretrained run. */
  readonly run: string;
  readonly result: AdaptationResult;
  readonly tasks: readonly AskedTask[];
  /** Printed as JSON. */
  readonly config: unknown;
}

/** The page as HTML text. */
export function renderAdapted({ name, run, result, tasks, config }: AdaptedPage): string {
  const page = html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${name} – adapted model</title><style>${style}</style></head><body><main>
<header><h1>${name}</h1><p>The pretrained run ${run}, put to ${tasks.length === 1 ? 'a task' : `${tasks.length} tasks`}: ${tuned(result)}.</p></header>
${tasks.map((task) => section(task, result, tasks.length > 1))}
<h2>What it cost</h2>
<div class="cards">
${card('Trained', millions(result.trainableParameters), 'parameters')}
${card('To answer', millions(result.inferenceMultiplyAddsPerImage), 'multiply-adds an image')}
${card('Time', duration(result.seconds), `${result.secondsPerEpoch.toFixed(2)} s an epoch × ${result.epochs}`)}
</div>
<details><summary>How it was made and measured</summary><table class="list">${Object.entries(
    result.protocol,
  ).map(([topic, words]) => html`<tr><th scope="row">${topic}</th><td>${words}</td></tr>`)}</table></details>
<details><summary>Configuration</summary><pre>${JSON.stringify(config, null, 2)}</pre></details>
</main></body></html>
`;
  return page.text;
}

/** What was trained, in words. */
function tuned({ tune, predictor }: AdaptationResult): string {
  const what =
    tune === 'all'
      ? 'encoder, predictor and head are'
      : tune === 'head'
        ? 'the head alone is'
        : `${tune} and head are`;
  return `${what} trained${predictor === 'random' ? ', the predictor from random weights' : ''}`;
}

function card(label: string, value: string, note: string): Html {
  return html`<div class="card"><span>${label}</span><strong>${value}</strong><small>${note}</small></div>`;
}

function section(
  { task, score, mistakes }: AskedTask,
  result: AdaptationResult,
  isOneOfSeveral: boolean,
): Html {
  const but = caveat(score);
  const isMasks = score.task === 'segmentation';
  return html`${isOneOfSeveral ? html`<h2>${task.name}</h2>` : undefined}
<div class="cards">${cards(task, score, result)}</div>
${but === undefined ? undefined : html`<p class="verdict"><b>${but}.</b></p>`}
<h2>How training went</h2>
<div class="charts">${curves(task, result).map(curve)}</div>
<h2>What is confused</h2>
${score.task === 'segmentation' ? overlaps(score.iou) : undefined}
${confusionFigure(task, score.confusion, isMasks ? 'pixels' : 'images')}
${mistakes === undefined ? undefined : html`<h2>The worst mistakes</h2><p>${isMasks ? 'The held-out images with the lowest IoU over their own classes.' : 'The held-out images whose wrong class was told with the most confidence.'}</p>${mistakes}`}`;
}

function cards({ name, classes }: AdaptedTask, score: Score, result: AdaptationResult): readonly Html[] {
  const trained = result.tasks.find((task) => task.name === name)?.trained ?? 0;
  const asked = card(
    'Asked',
    score.asked.toLocaleString('en-US'),
    `images; learned from ${trained.toLocaleString('en-US')}`,
  );
  if (score.task === 'segmentation')
    return [
      card(
        'mIoU',
        percent(score.meanIou),
        `${score.occurring} of ${Object.keys(score.iou).length} classes occur`,
      ),
      card('Pixel accuracy', percent(score.pixelAccuracy), `${millions(score.pixels)} pixels`),
      asked,
    ];
  const { low, high } = score.interval;
  return [
    card(
      'Accuracy',
      percent(score.accuracy),
      `95 % interval ${percent(low)} to ${percent(high)}; chance ${percent(1 / classes.length)}`,
    ),
    ...(score.top5 === undefined
      ? []
      : [card('Top-5', percent(score.top5), `of ${classes.length.toLocaleString('en-US')} classes`)]),
    asked,
  ];
}

function curves({ name, classes }: AdaptedTask, { history }: AdaptationResult): readonly Curve[] {
  const own = history.filter(({ task }) => task === name);
  const isMasks = own.some(({ meanIou }) => meanIou !== undefined);
  const points = own.map(({ epoch, meanIou, accuracy = 0 }) => ({
    step: epoch,
    value: 100 * (meanIou ?? accuracy),
  }));
  const shared = { over: 'epochs', unit: ' %', digits: 1, points } as const;
  return [
    {
      title: 'Loss',
      note: 'Cross-entropy on the training images, the mean since the point before.',
      points: own.map(({ epoch, loss }) => ({ step: epoch, value: loss })),
      over: 'epochs',
    },
    isMasks
      ? {
          ...shared,
          title: 'mIoU',
          note: 'Of held-out images. Where it falls while the loss does too, the training images are learned by heart.',
        }
      : {
          ...shared,
          title: 'Accuracy',
          note: 'Of held-out images; the dashed line is chance. Where it falls while the loss does too, the training images are learned by heart.',
          reference: 100 / classes.length,
        },
  ];
}

/** IoU by class, the worst first. */
function overlaps(iou: Readonly<Record<string, number | null>>): Html {
  const rows = Object.entries(iou)
    .sort(([, a], [, b]) => (a ?? 2) - (b ?? 2))
    .map(([name, value]) =>
      value === null
        ? html`<tr><td>${name}</td><td>–</td><td>does not occur</td></tr>`
        : html`<tr><td>${name}</td><td>${percent(value)}</td><td><div class="bar" style="width:${(100 * value).toFixed(1)}%"></div></td></tr>`,
    );
  return html`<table class="list bars"><tr><th>class</th><th>IoU</th><th></th></tr>${rows}</table>`;
}
