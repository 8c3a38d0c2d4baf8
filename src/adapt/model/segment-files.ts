import { existsSync, statSync } from 'node:fs';
import { basename, extname, join } from 'node:path';
import { imageFiles, readWhole } from '../../data/image-files.js';
import type { ComputeOptions } from '../../engine/index.js';
import { UserError } from '../../errors.js';
import { type Log, quiet } from '../../log.js';
import { makeFolder } from '../../make-folder.js';
import { writeAtomically } from '../../run/disk/atomic-file.js';
import { percent } from '../../words.js';
import { AdaptedModel } from './adapted-model.js';
import { type FailedFile, type FileAnswers, readFiles } from './file-answers.js';
import { type LegendEntry, legendOf, legendSvg, maskPng, overlayPng } from './mask-pictures.js';

/** What became of one image. */
export interface SegmentedFile {
  readonly image: string;
  /** Files written: of the image's own size a class per pixel, and the image with the classes' colours over it. */
  readonly mask: string;
  readonly overlay: string;
  readonly width: number;
  readonly height: number;
  /** Share of the pixels by class, largest first, without those that have none. */
  readonly shares: readonly { readonly label: string; readonly share: number }[];
}

/** Segmented files, and what the numbers in their masks mean. */
export interface SegmentedFiles extends FileAnswers<SegmentedFile> {
  readonly legend: readonly LegendEntry[];
  /** The legend as a drawing. */
  readonly legendFile: string;
}

/**
 * Segments image files: writes of each a mask and an overlay, and a legend for all, into a folder.
 * @param given image files, and folders of them
 * @param options.out folder to write to; made where it is missing
 * @param options.task its name, where the model does several segmentations
 * @throws UserError where none of the files is an image, for two that would be written to one place, a folder that is no
 *   adapted model for segmentation or holds no images
 */
export async function segmentFiles(
  folder: string,
  given: readonly string[],
  { out, task, log = quiet, threads, device }: { out: string; task?: string; log?: Log } & ComputeOptions,
): Promise<SegmentedFiles> {
  const paths = imageFiles(given);
  checkNames(paths);
  if (existsSync(out) && !statSync(out).isDirectory())
    throw new UserError(`${out} is a file; choose another --out`, 2);
  const model = await AdaptedModel.load(folder, { threads, device });
  try {
    const { classes, ignored } = model.taskTo('segment', task);
    const legend = legendOf(classes, ignored);
    const legendFile = join(out, 'legend.svg');
    const images: SegmentedFile[] = [];
    const failed: FailedFile[] = [];
    // One by one: an image at its own size may take much memory.
    const reading = { together: 1, log, failed };
    for await (const group of readFiles(paths, reading, (path) => readWhole(path, model.size)))
      for (const { path, read } of group) {
        const { pixels, whole } = read;
        const { width, height } = whole;
        const { masks: data } = await model.segment(pixels, whole, task);
        const mask = { width, height, data };
        const stem = join(out, nameOf(path));
        const files = { mask: `${stem}.mask.png`, overlay: `${stem}.overlay.png` };
        const overlay = await overlayPng(whole, mask);
        makeFolder(out);
        writeAtomically(files.mask, [maskPng(mask, classes.length)]);
        writeAtomically(files.overlay, [overlay]);
        images.push({ image: path, ...files, width, height, shares: sharesOf(data, classes) });
      }
    writeAtomically(legendFile, [new TextEncoder().encode(legendSvg(legend))]);
    return { images, failed, legend, legendFile };
  } finally {
    model.dispose();
  }
}

/** What the files that are written of an image are called. */
const nameOf = (path: string): string => basename(path, extname(path));

/** @throws UserError for two images whose files would be called alike */
function checkNames(paths: readonly string[]): void {
  const names = paths.map(nameOf);
  names.forEach((name, i) => {
    const other = names.indexOf(name);
    if (other < i)
      throw new UserError(
        `${paths[other]} and ${paths[i]} would both be written to ${name}.mask.png; give them one by one, each with its --out`,
        2,
      );
  });
}

function sharesOf(mask: Uint8Array, classes: readonly string[]): SegmentedFile['shares'] {
  const counts = new Array<number>(classes.length).fill(0);
  for (const label of mask) counts[label] = (counts[label] as number) + 1;
  return classes
    .map((label, i) => ({ label, share: (counts[i] as number) / mask.length }))
    .filter(({ share }) => share > 0)
    .sort((a, b) => b.share - a.share);
}

/** A line each, and where to look. */
export function describeSegmented({ images, legendFile }: SegmentedFiles): string {
  const width = Math.max(...images.map(({ image }) => image.length));
  return [
    ...images.map(({ image, overlay, shares }) => {
      const parts = shares.map(({ label, share }) => `${label} ${percent(share)}`);
      return `${image.padEnd(width)}  ${parts.join(', ')}  → ${overlay}`;
    }),
    `legend: ${legendFile}`,
  ].join('\n');
}
