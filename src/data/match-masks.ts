import type { DataFile } from './folder.js';
import { type GroupImage, type MaskGroup, nameIn, stem, thing } from './mask-files.js';
import { basename, dirname } from './path-names.js';

/** Which masks belong to which images. */
export interface MatchedMasks {
  /** The masks of each image that has one, by its name: one, where it is clear which. */
  readonly byImage: ReadonlyMap<string, readonly DataFile[]>;
  /** Masks of no image. */
  readonly others: readonly DataFile[];
}

/** Finds the mask of each image by its name; classes before objects, PNG before other kinds of files. */
export function matchMasks(groups: readonly MaskGroup[]): MatchedMasks {
  const byImage = new Map<string, readonly DataFile[]>();
  const matched = new Set<DataFile>();
  const isOfObjects = ({ folder }: MaskGroup): boolean => /object|instance/i.test(folder.name);
  for (const ofObjects of [false, true]) {
    const found = new Map<string, readonly DataFile[]>();
    for (const group of groups.filter((each) => isOfObjects(each) === ofObjects))
      for (const [image, masks] of matchGroup(group))
        found.set(image, [...(found.get(image) ?? []), ...masks]);
    for (const [image, masks] of found) {
      for (const mask of masks) matched.add(mask);
      const png = masks.filter(isPng);
      if (!byImage.has(image)) byImage.set(image, png.length > 0 ? png : masks);
    }
  }
  return { byImage, others: groups.flatMap(({ masks }) => masks.filter((mask) => !matched.has(mask))) };
}

/** Whether a file is called `.png`. */
export const isPng = ({ name }: DataFile): boolean => name.toLowerCase().endsWith('.png');

function matchGroup({ folder, masks, images }: MaskGroup): Map<string, readonly DataFile[]> {
  const near = (name: string): string => `${dirname(name)}/${thing(basename(name))}`;
  const exact = groupBy(masks, (mask) => nameIn(folder, mask));
  const close = groupBy(masks, (mask) => near(nameIn(folder, mask)));
  const byPath = match(images, ({ maskNames }) =>
    [...maskNames.map((name) => exact.get(name)), ...maskNames.map((name) => close.get(near(name)))].find(
      (found) => found !== undefined,
    ),
  );
  if (byPath.size > 0) return byPath;
  // In other sub-folders than the images: by the file's name alone.
  const alone = groupBy(masks, (mask) => thing(stem(mask)));
  return match(images, (image) => alone.get(thing(stem(image))));
}

function match(
  images: readonly GroupImage[],
  masksOf: (image: GroupImage) => readonly DataFile[] | undefined,
): Map<string, readonly DataFile[]> {
  return new Map(
    images.flatMap((image) => {
      const masks = masksOf(image);
      return masks === undefined ? [] : [[image.name, masks] as const];
    }),
  );
}

function groupBy(files: readonly DataFile[], key: (file: DataFile) => string): Map<string, DataFile[]> {
  const groups = new Map<string, DataFile[]>();
  for (const file of files) {
    const group = groups.get(key(file)) ?? [];
    groups.set(key(file), group);
    group.push(file);
  }
  return groups;
}
