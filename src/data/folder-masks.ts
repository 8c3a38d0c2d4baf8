import { UserError } from '../errors.js';
import { count, some } from '../words.js';
import type { DatasetFacts } from './dataset-json.js';
import { type DataFile, someOf } from './folder.js';
import type { MaskGroup } from './mask-files.js';
import { isPng, type MatchedMasks, matchMasks } from './match-masks.js';
import { basename, withoutEnding } from './path-names.js';
import type { Masks, Pixels, Source } from './source.js';
import { MissingSplit, type Split } from './splits.js';

/** Images of a folder. */
interface FolderImages {
  /** Those of the chosen split, in order. */
  readonly own: readonly DataFile[];
  /** Those of all splits. */
  readonly all: readonly DataFile[];
  readonly split: Split;
}

/** The masks of a folder's images, where there are some, and what is to be said of them. */
export function folderMasks(
  folder: string,
  groups: readonly MaskGroup[],
  images: FolderImages,
  facts: DatasetFacts,
): Pick<Source, 'masks'> & { readonly notes: readonly string[] } {
  if (groups.length === 0)
    return {
      notes:
        facts.ignored === undefined
          ? []
          : ['dataset.json says which class of masks is ignored, but there are no masks'],
    };
  const matched = matchMasks(groups);
  const { own, all, split } = images;
  const masks = (): Masks => {
    const { byImage } = matched;
    const masked = own.filter(({ name }) => byImage.has(name));
    if (byImage.size === 0) throw new UserError(`${folder}: ${foreign(groups, all)}`);
    if (masked.length === 0) throw new MissingSplit(`${folder}: no image of the split ${split} has a mask`);
    const clear = all.flatMap((image) => {
      const [mask, another] = byImage.get(image.name) ?? [];
      return mask !== undefined && another === undefined && isPng(mask) ? [{ image, mask }] : [];
    });
    return {
      pixels: files(chooseMasks(masked, byImage)),
      places: Int32Array.from(own.flatMap(({ name }, place) => (byImage.has(name) ? [place] : []))),
      everywhere: {
        images: files(clear.map(({ image }) => image)),
        masks: files(clear.map(({ mask }) => mask)),
        places: Int32Array.from(clear.keys()),
      },
      classes: facts.classes,
      ignored: facts.ignored,
    };
  };
  return { masks, notes: notesOf(groups, own, matched) };
}

const files = (each: readonly DataFile[]): Pixels => ({ kind: 'files', paths: each.map(({ path }) => path) });

/** @throws UserError for a mask that does not suit, or where it is not clear which is whose */
function chooseMasks(images: readonly DataFile[], byImage: MatchedMasks['byImage']): DataFile[] {
  const used = new Map<DataFile, string>();
  return images.flatMap(({ name, path }) => {
    const [mask, another] = byImage.get(name) ?? [];
    if (mask === undefined) return [];
    if (another !== undefined)
      throw new UserError(
        `${path}: has several masks, ${mask.path} and ${another.path}; leave the one that is meant`,
      );
    if (!isPng(mask)) {
      const why = /\.jpe?g$/i.test(mask.name) ? 'JPEG changes the values of pixels' : 'it is no PNG file';
      throw new UserError(
        `${mask.path}: not a mask that can be read: ${why}; save masks as PNG, a class a pixel`,
      );
    }
    const other = used.get(mask);
    if (other !== undefined) throw new UserError(`${path}: has the same mask as ${other}, ${mask.path}`);
    used.set(mask, path);
    return [mask];
  });
}

/** That no mask belongs to an image. */
function foreign(groups: readonly MaskGroup[], all: readonly DataFile[]): string {
  const mask = groups.flatMap(({ masks }) => masks)[0]?.name ?? '';
  const image = all[0]?.name ?? '';
  return `no mask is called like its image: there is ${mask}; the mask of ${image} would be ${withoutEnding(basename(image))}.png`;
}

function notesOf(
  groups: readonly MaskGroup[],
  own: readonly DataFile[],
  { byImage, others }: MatchedMasks,
): string[] {
  const total = groups.reduce((sum, { masks }) => sum + masks.length, 0);
  const places = groups.flatMap((group) => group.places);
  const notes = [`${count(total, 'file')} taken for masks, not for images: ${some(places)}`];
  if (others.length > 0)
    notes.push(`${count(others.length, 'mask')} called like no image: ${someOf(others)}`);
  const bare = own.filter(({ name }) => !byImage.has(name));
  if (bare.length > 0)
    notes.push(`${bare.length} of ${count(own.length, 'image')} without a mask: ${someOf(bare)}`);
  return notes;
}
