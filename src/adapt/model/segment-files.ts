import { existsSync, mkdirSync, statSync } from 'node:fs';
import { basename, extname, join } from 'node:path';
import { readWhole } from '../../data/image-files.js';
import type { ComputeOptions } from '../../engine/index.js';
import { UserError } from '../../errors.js';
import { writeAtomically } from '../../run/disk/atomic-file.js';
import { percent } from '../../words.js';
import { AdaptedModel } from './adapted-model.js';
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
export interface SegmentedFiles {
  readonly images: readonly SegmentedFile[];
  readonly legend: readonly LegendEntry[];
  /** The legend as a drawing. */
  readonly legendFile: string;
}

/**
 * Segments image files: writes of each a mask and an overlay, and a legend for all, into a folder.
 * @param options.out folder to write to; made where it is missing
 * @param options.task its name, where the model does several segmentations
 * @throws UserError naming a file that is no image, two that would be written to one place, or a folder that is no
 *   adapted model for segmentation
 */
export async function segmentFiles(
  folder: string,
  paths: readonly string[],
  { out, task, threads, device }: { out: string; task?: string } & ComputeOptions,
): Promise<SegmentedFiles> {
  const names = namesOf(paths);
  if (existsSync(out) && !statSync(out).isDirectory())
    throw new UserError(`${out} is a file; choose another --out`, 2);
  const model = await AdaptedModel.load(folder, { threads, device });
  try {
    const { classes, ignored } = model.taskTo('segment', task);
    const legend = legendOf(classes, ignored);
    const legendFile = join(out, 'legend.svg');
    const images: SegmentedFile[] = [];
    for (const [i, image] of paths.entries()) {
      const { pixels, whole } = await readWhole(image, model.size);
      const { width, height } = whole;
      const { masks: data } = await model.segment(pixels, whole, task);
      const mask = { width, height, data };
      const stem = join(out, names[i] as string);
      const files = { mask: `${stem}.mask.png`, overlay: `${stem}.overlay.png` };
      const overlay = await overlayPng(whole, mask);
      mkdirSync(out, { recursive: true });
      writeAtomically(files.mask, [maskPng(mask, classes.length)]);
      writeAtomically(files.overlay, [overlay]);
      images.push({ image, ...files, width, height, shares: sharesOf(data, classes) });
    }
    writeAtomically(legendFile, [new TextEncoder().encode(legendSvg(legend))]);
    return { images, legend, legendFile };
  } finally {
    model.dispose();
  }
}

/** What the files of each image are called. @throws UserError for two that would be called alike */
function namesOf(paths: readonly string[]): readonly string[] {
  const names = paths.map((path) => basename(path, extname(path)));
  names.forEach((name, i) => {
    const other = names.indexOf(name);
    if (other < i)
      throw new UserError(
        `${paths[other]} and ${paths[i]} would both be written to ${name}.mask.png; give them one by one, each with its --out`,
        2,
      );
  });
  return names;
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
