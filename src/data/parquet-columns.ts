import { type FileMetaData, parquetSchema, type SchemaElement } from 'hyparquet';
import { z } from 'zod';
import { parseJson } from '../json.js';

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

const isBytes = ({ type, converted_type, logical_type }: SchemaElement): boolean =>
  type === 'BYTE_ARRAY' && converted_type === undefined && logical_type === undefined;

/** The column of encoded images: the one declared as such, else a struct with `bytes`, else plain bytes. */
export function imageColumn(metadata: FileMetaData): string | undefined {
  const declared = features(metadata);
  const columns = parquetSchema(metadata).children;
  const plain = columns.filter(({ element }) => isBytes(element));
  const column =
    columns.find(({ element }) => declared.get(element.name)?._type === 'Image') ??
    columns.find(({ children }) =>
      children.some(({ element }) => element.name === 'bytes' && isBytes(element)),
    ) ??
    plain.find(({ element }) => /^(image|img|picture|photo)/i.test(element.name)) ??
    plain[0];
  return column?.element.name;
}

const isInteger = ({ type, repetition_type }: SchemaElement): boolean =>
  (type === 'INT64' || type === 'INT32') && repetition_type !== 'REPEATED';

/** The column of class labels: the one declared as such, else whole numbers under a usual name. */
export function labelColumn(
  metadata: FileMetaData,
): { column: string; names: readonly string[] | undefined } | undefined {
  const declared = features(metadata);
  const whole = parquetSchema(metadata).children.filter(({ element }) => isInteger(element));
  const isLabel = (name: string): boolean => declared.get(name)?._type === 'ClassLabel';
  const column =
    whole.find(({ element }) => element.name === 'label' && isLabel(element.name)) ??
    whole.find(({ element }) => isLabel(element.name)) ??
    whole.find(({ element }) => /^(label|labels|class|target|category|y)$/i.test(element.name));
  if (column === undefined) return undefined;
  const { name } = column.element;
  return { column: name, names: declared.get(name)?.names };
}
