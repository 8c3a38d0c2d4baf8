import { type FileMetaData, parquetSchema, type SchemaElement, type SchemaTree } from 'hyparquet';
import { z } from 'zod';
import { UserError } from '../errors.js';
import { parseJson } from '../json.js';
import { wordsOf } from './splits.js';

/** What the `datasets` library of Hugging Face writes about a column; anything else it may hold is passed over. */
const featureSchema = z.object({ _type: z.string(), names: z.array(z.string()).optional() });
type Feature = z.infer<typeof featureSchema>;
const huggingFaceSchema = z.object({ info: z.object({ features: z.record(z.string(), z.unknown()) }) });

/** Features by column, from the `huggingface` entry of a Parquet file's metadata; empty where there is none. */
function features({ key_value_metadata }: FileMetaData): Map<string, Feature> {
  const text = key_value_metadata?.find(({ key }) => key === 'huggingface')?.value;
  const found = huggingFaceSchema.safeParse(text === undefined ? undefined : parseJson(text));
  const columns = Object.entries(found.data?.info.features ?? {});
  return new Map(
    columns.flatMap(([name, value]) => {
      const feature = featureSchema.safeParse(value);
      return feature.success ? [[name, feature.data] as const] : [];
    }),
  );
}

/** Which columns are meant, as a person may say it; each may be left to the names. */
export interface NamedColumns {
  readonly image?: string | undefined;
  readonly label?: string | undefined;
}

/**
 * The columns that a source names: `PLACE#image=photo&label=fine_label`.
 * @throws UserError for what is neither image nor label
 */
export function parseColumns(source: string): { place: string; columns: NamedColumns | undefined } {
  const [, place, text] = /^(.+)#(.*=.*)$/.exec(source) ?? [];
  if (place === undefined || text === undefined) return { place: source, columns: undefined };
  const given = [...new URLSearchParams(text)];
  const unknown = given.find(([key]) => key !== 'image' && key !== 'label');
  if (unknown) throw new UserError(`${source}: unknown column ${unknown[0]}; give #image=NAME&label=NAME`, 2);
  return { place, columns: Object.fromEntries(given) };
}

/** The columns that are read of Parquet files. */
export interface Columns {
  /** Encoded images: bytes, or {bytes, path}. */
  readonly image: string;
  /** Classes, one value a row. */
  readonly label: string | undefined;
  /** Why there is no column of labels, where there is none. */
  readonly noLabel: string;
  /** Which of several columns were taken: a sentence each. */
  readonly notes: readonly string[];
}

/**
 * Chooses the columns of images and labels: by their names first, then by what is declared or holds bytes.
 * @param path for messages
 * @param named what the person says
 * @throws UserError for a file without a column of encoded images, or without the named ones
 */
export function chooseColumns(path: string, metadata: FileMetaData, named: NamedColumns): Columns {
  const declared = features(metadata);
  const columns = parquetSchema(metadata).children;
  const there = `its columns are ${columns.map(inWords).join(', ')}`;
  const images = columns.filter(holdsBytes);
  const ranked = byRank(images, (column) => imageRank(column, declared.get(column.element.name)));
  const image = named.image ?? ranked[0];
  if (image === undefined) throw new UserError(`${path}: no column of encoded images; ${there}`);
  if (!ranked.includes(image))
    throw new UserError(`${path}: no encoded images in a column ${image}; ${there}`);
  const called = columns.filter(
    ({ element: { name } }) => name !== image && labelRank(name, declared.get(name)) !== undefined,
  );
  const labels = byRank(called.filter(isSingle), ({ element: { name } }) =>
    labelRank(name, declared.get(name)),
  );
  const label = named.label ?? labels[0];
  if (label !== undefined && !singleColumns(metadata).includes(label))
    throw new UserError(`${path}: no column ${label} with one value a row; ${there}`);
  const [several] = called;
  return {
    image,
    label,
    noLabel: several
      ? `its column ${several.element.name} holds ${kindOf(several)}, not one class an image`
      : `no column is called label or the like; ${there}`,
    notes: [
      ...taken(
        'image',
        named.image,
        image,
        ranked.filter((name) => name !== label),
      ),
      ...taken(
        'label',
        named.label,
        labels[0],
        called.map(({ element }) => element.name),
      ),
    ],
  };
}

/** The names of the classes that a column declares, by number. */
export function declaredClasses(metadata: FileMetaData, column: string): readonly string[] | undefined {
  return features(metadata).get(column)?.names;
}

/** The columns with one value a row. */
export function singleColumns(metadata: FileMetaData): readonly string[] {
  return parquetSchema(metadata)
    .children.filter(isSingle)
    .map(({ element }) => element.name);
}

/** A sentence on the columns that could have been taken as well, where nobody chose. */
function taken(
  what: 'image' | 'label',
  named: string | undefined,
  column: string | undefined,
  candidates: readonly string[],
): string[] {
  const others = candidates.filter((name) => name !== column);
  if (named !== undefined || column === undefined || others.length === 0) return [];
  return [
    `${what}s are read from the column ${column}, not from ${others.join(', ')}; ` +
      `#${what}=NAME after the source, or "columns" in a dataset.json, chooses another`,
  ];
}

/** Names of the columns, lowest rank first, those without one left out. */
function byRank(columns: readonly SchemaTree[], rank: (column: SchemaTree) => number | undefined): string[] {
  return columns
    .flatMap((column) => {
      const place = rank(column);
      return place === undefined ? [] : [{ name: column.element.name, place }];
    })
    .sort((a, b) => a.place - b.place)
    .map(({ name }) => name);
}

const isBytes = ({ type, converted_type, logical_type }: SchemaElement): boolean =>
  type === 'BYTE_ARRAY' && converted_type === undefined && logical_type === undefined;

const bytesInside = ({ children }: SchemaTree): boolean =>
  children.some(({ element }) => element.name === 'bytes' && isBytes(element));

const holdsBytes = (column: SchemaTree): boolean =>
  column.element.repetition_type !== 'REPEATED' && (isBytes(column.element) || bytesInside(column));

/** Whether a column has one value a row. */
const isSingle = ({ element, children }: SchemaTree): boolean =>
  children.length === 0 && element.repetition_type !== 'REPEATED';

const kindOf = ({ element, children }: SchemaTree): string =>
  element.converted_type === 'LIST' || element.repetition_type === 'REPEATED'
    ? 'lists'
    : children.length > 0
      ? 'groups'
      : 'values';

const inWords = (column: SchemaTree): string =>
  isSingle(column) ? column.element.name : `${column.element.name} (${kindOf(column)})`;

const images = new Set(
  'image images img picture pic photo photograph jpg jpeg png webp pixel pixels'.split(' '),
);
/** Words that say what of an image it is, and nothing else. */
const neutral = new Set('data raw bytes values content file input'.split(' '));
/** Words of columns that look like images and are others' companions. */
const companions = new Set(
  'cond conditioning control annotation annotations mask masks seg segmentation label labels depth edge edges canny hash phash md sha digest checksum thumbnail thumb preview icon embedding embeddings feature features latent latents vector'.split(
    ' ',
  ),
);

/** By name, then by what is declared, then by what is inside. */
function imageRank(column: SchemaTree, feature: Feature | undefined): number {
  const words = wordsOf(column.element.name);
  const named = words.some((word) => images.has(word));
  if (words.some((word) => companions.has(word))) return named ? 5 : 6;
  if (named && words.every((word) => images.has(word) || neutral.has(word))) return 0;
  if (feature?._type === 'Image') return 1;
  if (named) return 2;
  return bytesInside(column) ? 3 : 4;
}

/** `label` itself, what is declared, other usual names, names that end so; the coarser of two after the finer. */
function labelRank(name: string, feature: Feature | undefined): number | undefined {
  const coarse = /coarse|super|parent/i.test(name) ? 0.5 : 0;
  if (/^label$/i.test(name)) return 0;
  if (feature?._type === 'ClassLabel') return 1 + coarse;
  if (/^(labels|class|classes|cls|target|category|y)$/i.test(name)) return 2;
  return /[_-](label|class|category)([_-](id|idx|index|name))?$|^(label|class|category)[_-](id|idx|index|name)$/i.test(
    name,
  )
    ? 3 + coarse
    : undefined;
}
