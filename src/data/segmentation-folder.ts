import { basename, relative } from 'node:path';
import { UserError } from '../errors.js';
import { type DatasetFacts, withoutEnding } from './dataset-json.js';
import { imageEndings } from './encoded-image.js';
import { type Entry, filesIn, list } from './folder.js';
import { describeSource, type Masks, type Source } from './source.js';
import { chooseSplit, type Split, splitIn } from './splits.js';

const IMAGES = 'images';
const ANNOTATIONS = 'annotations';

/** Where images and their masks lie. */
interface Part {
  readonly split: Split | undefined;
  readonly images: Entry;
  readonly annotations: Entry | undefined;
}

/** An image and the folder of its mask, which has the same path there but for the ending. */
interface Found {
  readonly path: string;
  readonly split: Split | undefined;
  readonly part: Part;
}

/**
 * A folder for segmentation: images in `images/`, masks of the same names in `annotations/`; with splits as sub-folders
 * of both (`images/train`, `annotations/train`), or both in each split (`train/images`), or listed in `dataset.json`.
 * @returns undefined for a folder of another kind
 * @throws UserError for one without images or without the split asked for
 */
export function readSegmentationFolder(
  folder: string,
  facts: DatasetFacts,
  wanted: Split | undefined,
): Source | undefined {
  const parts = findParts(folder);
  if (parts.length === 0) return undefined;
  const found = parts.flatMap((part): Found[] =>
    filesIn(part.images, imageEndings).map((path) => ({
      path,
      part,
      split: facts.splitOf?.(relative(part.images.path, path)) ?? part.split,
    })),
  );
  const split = chooseSplit(folder, new Set(found.map((image) => image.split)), wanted);
  const images = found.filter((image) => split === 'all' || image.split === split);
  const { length } = images;
  if (length === 0)
    throw new UserError(`${folder}: no images in its ${IMAGES} (looked for ${imageEndings.join(' ')})`);
  return {
    description: describeSource(folder, { length, classes: undefined, split }),
    split,
    length,
    pixels: { kind: 'files', paths: images.map(({ path }) => path) },
    masks: () => matchMasks(images, facts),
  };
}

function findParts(folder: string): Part[] {
  const entries = list(folder).filter((entry) => entry.folder);
  const images = entries.find(({ name }) => name === IMAGES);
  const annotations = entries.find(({ name }) => name === ANNOTATIONS);
  if (images && annotations) {
    const inside = list(annotations.path);
    const splits = list(images.path).filter((entry) => entry.folder && splitIn(entry.name));
    if (splits.length === 0) return [{ split: splitIn(basename(folder)), images, annotations }];
    return splits.map((entry) => ({
      split: splitIn(entry.name),
      images: entry,
      annotations: inside.find(({ name }) => name === entry.name),
    }));
  }
  const splits = entries.filter(({ name }) => splitIn(name));
  return splits.flatMap(({ path, name }) =>
    findParts(path).map((part) => ({ ...part, split: splitIn(name) })),
  );
}

function matchMasks(images: readonly Found[], { classes, ignored }: DatasetFacts): Masks {
  const byPart = new Map<Part, Map<string, string>>();
  const masksOf = (part: Part): Map<string, string> => {
    const masks = byPart.get(part) ?? listMasks(part);
    byPart.set(part, masks);
    return masks;
  };
  const used = new Map<string, string>();
  const paths = images.map(({ path, part }) => {
    const stem = withoutEnding(relative(part.images.path, path));
    const mask = masksOf(part).get(stem);
    if (mask === undefined)
      throw new UserError(`${path}: has no mask ${stem}.png in ${part.annotations?.path ?? ANNOTATIONS}`);
    const other = used.get(mask);
    if (other !== undefined) throw new UserError(`${path}: has the same mask as ${other}, ${mask}`);
    used.set(mask, path);
    return mask;
  });
  return { pixels: { kind: 'files', paths }, classes, ignored };
}

/** The masks of a part by their path without its ending. */
function listMasks({ annotations }: Part): Map<string, string> {
  const paths = annotations ? filesIn(annotations, ['.png']) : [];
  return new Map(paths.map((path) => [withoutEnding(relative(annotations?.path ?? '', path)), path]));
}
