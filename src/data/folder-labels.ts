import { UserError } from '../errors.js';
import { count, some } from '../words.js';
import { type ClassTable, findClassTables } from './class-table.js';
import type { DatasetFacts } from './dataset-json.js';
import { type Folder, someOf } from './folder.js';
import { findClasses } from './folder-classes.js';
import type { PlacedImage } from './folder-splits.js';

/** An image and its class; undefined where it has none. */
export interface LabelledImage extends PlacedImage {
  readonly label: string | undefined;
}

/** Images by class, and what is to be said of it. */
export interface LabelledImages {
  readonly images: readonly LabelledImage[];
  /** Those of all splits, so that a number means the same in each of them; undefined where there are none. */
  readonly classes: readonly string[] | undefined;
  /** The tables that labels were read from. */
  readonly tables: readonly ClassTable[];
  readonly notes: readonly string[];
}

/**
 * The class of every image: the folder that it is in, else what a table of labels beside it says.
 * @param hasMasks whether the classes that `dataset.json` names may be those of pixels
 * @throws UserError for a class folder that is none of the classes in `dataset.json`
 */
export function labelImages(
  tree: Folder,
  placed: readonly PlacedImage[],
  facts: DatasetFacts,
  hasMasks: boolean,
): LabelledImages {
  const given = facts.classes ?? [];
  const found = findClasses(placed, given);
  const unknown = found.find((name) => name !== undefined && !given.includes(name));
  if (facts.classes !== undefined && unknown !== undefined) {
    if (hasMasks) return labelImages(tree, placed, {}, hasMasks);
    throw new UserError(`${tree.path}: the folder ${unknown} is none of the classes in dataset.json`);
  }
  const names = new Set(found.filter((name) => name !== undefined));
  const bare = placed.filter((_, i) => found[i] === undefined);
  const tables = findClassTables(tree, bare, names);
  const images = placed.map((image, i) => ({
    ...image,
    label: found[i] ?? tables.find(({ classes }) => classes.has(image.name))?.classes.get(image.name),
  }));
  if (names.size === 0)
    return { images, classes: undefined, tables, notes: hasMasks ? [] : neverSeen(given, images) };
  const notes = [
    ...readFrom(tables),
    ...unlabelled(images),
    ...neverSeen(given, images),
    ...innerFolders(images),
    ...manyClasses(names.size, images),
  ];
  return { images, classes: facts.classes ?? [...names].sort(), tables, notes };
}

const readFrom = (tables: readonly ClassTable[]): string[] =>
  tables.map(({ file, classes }) => `${count(classes.size, 'label')} read from ${file.name}`);

function unlabelled(images: readonly LabelledImage[]): string[] {
  const splits = [...new Set(images.map(({ split }) => split))];
  // Beside splits, what belongs to none is told of as such.
  return splits
    .filter((split) => split !== undefined || splits.length === 1)
    .flatMap((split) => {
      const own = images.filter((image) => image.split === split);
      const bare = own.filter(({ label }) => label === undefined);
      if (bare.length === 0) return [];
      const where = split === undefined ? '' : ` of the split ${split}`;
      return [
        `${bare.length} of ${count(own.length, 'image')}${where} in no class folder, so without label: ${someOf(bare)}`,
      ];
    });
}

function neverSeen(given: readonly string[], images: readonly LabelledImage[]): string[] {
  const seen = new Set(images.map(({ label }) => label));
  const missing = given.filter((name) => !seen.has(name));
  return missing.length > 0
    ? [`no image of ${missing.length} of the classes in dataset.json: ${some(missing)}`]
    : [];
}

function manyClasses(classes: number, images: readonly LabelledImage[]): string[] {
  const { length } = images.filter(({ label }) => label !== undefined);
  return length >= 20 && classes > length / 2
    ? [`${count(classes, 'folder')} of ${count(length, 'image')} taken for classes: are they?`]
    : [];
}

/** Folders in those that are classes, where they might have been meant. */
function innerFolders(images: readonly LabelledImage[]): string[] {
  const inner = new Set(
    images.flatMap(({ folders, label }) =>
      label !== undefined && folders.includes(label) ? (folders[folders.indexOf(label) + 1] ?? []) : [],
    ),
  );
  if (inner.size < 2) return [];
  return [
    `classes are the outermost folders that differ; those in them are not told apart: ${some([...inner].sort())}`,
  ];
}
