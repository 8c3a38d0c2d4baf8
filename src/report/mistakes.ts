import { basename } from 'node:path';
import sharp from 'sharp';
import { classColour, hex } from '../adapt/model/colours.js';
import { overlaid } from '../adapt/model/mask-pictures.js';
import { PixelConfusion } from '../adapt/scores/iou.js';
import type { Judgement, TaskClasses } from '../adapt/tasks/task.js';
import type { ImageSet } from '../data/image-set.js';
import { toRgb } from '../evaluate/retrieval.js';
import { percent } from '../words.js';
import { type Html, html } from './html.js';
import { type Pixels, picture } from './picture.js';

/** Pictures are stored no larger than this, pixels of the longer side. */
const LARGEST = 256;

/** An image and what it was taken for. */
export interface Mistake {
  readonly image: number;
  readonly judgement: Judgement;
}

/** How wrong an answer is: the probability of a wrong class, or the share of the pixels' IoU that is missing; 0: right. */
export function badness(judgement: Judgement, { classes, ignored }: TaskClasses): number {
  if (judgement.kind === 'class') return judgement.truth === judgement.told ? 0 : judgement.probability;
  const confusion = new PixelConfusion(classes);
  confusion.add(judgement.truth.data, judgement.told);
  // Not a number where no pixel counts.
  return 1 - confusion.overlap(ignored).meanIou;
}

/** The worst mistakes as pictures, the worst first. */
export async function mistakeFigures(
  images: ImageSet,
  task: TaskClasses,
  mistakes: readonly Mistake[],
): Promise<Html | undefined> {
  const [first] = mistakes;
  if (first === undefined) return undefined;
  const figures = [];
  for (const mistake of mistakes) figures.push(await figure(images, task, mistake));
  return first.judgement.kind === 'class'
    ? html`<div class="mistakes">${figures}</div>`
    : html`${legend(task)}${figures}`;
}

async function figure(images: ImageSet, task: TaskClasses, { image, judgement }: Mistake): Promise<Html> {
  const { size, pixels } = toRgb(await images.batch([image]), images.size);
  const seen = { width: size, height: size, data: pixels };
  const name = images.name(image);
  if (judgement.kind === 'pixels') return maskFigure(seen, name, task, judgement);
  const [truth, told] = [task.classes[judgement.truth], task.classes[judgement.told]];
  return html`<figure class="mistake">${await picture(seen, name, LARGEST)}<figcaption><b>${told}</b> <output>${percent(judgement.probability)}</output></figcaption><p>is <b>${truth}</b></p><p class="file" title="${name}">${basename(name)}</p></figure>`;
}

/** The image, its mask over it, and the answer over it; in the shape that the mask has. */
async function maskFigure(
  seen: Pixels,
  name: string,
  task: TaskClasses,
  judgement: Judgement & { readonly kind: 'pixels' },
): Promise<Html> {
  const { truth, told } = judgement;
  const scale = Math.min(1, LARGEST / Math.max(truth.width, truth.height));
  const [width, height] = [truth.width, truth.height].map((side) =>
    Math.max(1, Math.round(side * scale)),
  ) as [number, number];
  const data = await sharp(seen.data, { raw: { width: seen.width, height: seen.height, channels: 3 } })
    .resize(width, height, { fit: 'fill' })
    .raw()
    .toBuffer();
  const over = (classes: ArrayLike<number>, alt: string): Promise<Html> =>
    picture({ width, height, data: overlaid(data, shrunk(classes, truth, width, height)) }, alt, LARGEST);
  const iou = percent(1 - badness(judgement, task));
  return html`<section class="sweep masks"><div class="original"><p><b>IoU ${iou}</b></p><p class="file" title="${name}">${basename(name)}</p></div><div class="triple">
<figure>${await picture({ width, height, data }, name, LARGEST)}<p>image</p></figure>
<figure>${await over(truth.data, `${name}: mask`)}<p>mask</p></figure>
<figure>${await over(told, `${name}: answer`)}<p>answer</p></figure>
</div></section>`;
}

/** Classes of pixels at a smaller size: each that of the pixel in which its middle lies. */
function shrunk(
  classes: ArrayLike<number>,
  from: { readonly width: number; readonly height: number },
  width: number,
  height: number,
): Int16Array {
  return Int16Array.from({ length: width * height }, (_, pixel) => {
    const row = Math.floor(((Math.floor(pixel / width) + 0.5) * from.height) / height);
    const column = Math.floor((((pixel % width) + 0.5) * from.width) / width);
    return classes[row * from.width + column] as number;
  });
}

function legend({ classes, ignored }: TaskClasses): Html {
  const keys = classes.map((name, i) =>
    i === ignored
      ? undefined
      : html`<span class="key"><i style="background:${hex(classColour(i))}"></i>${name}</span> `,
  );
  return html`<p class="legend">${keys}</p>`;
}
