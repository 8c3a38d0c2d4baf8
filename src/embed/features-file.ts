import { extname } from 'node:path';
import { toCsv } from '../csv.js';
import { UserError } from '../errors.js';
import { writeAtomically } from '../run/disk/atomic-file.js';
import { npyBytes } from './npy-bytes.js';
import { parquetBytes } from './parquet-bytes.js';
import type { Features } from './parts.js';
import { factsOf } from './row-facts.js';

/** Writes features to a file of one kind. @returns every file that was written */
type Write = (out: string, features: Features) => string[];

const writers: Readonly<Record<string, Write>> = {
  '.parquet': (out, features) => {
    writeAtomically(out, parquetBytes(features));
    return [out];
  },
  // NumPy's format holds numbers only: what they are of stands beside.
  '.npy': (out, features) => {
    const table = `${out}.csv`;
    const rows = features.parts.flatMap(({ images }) =>
      Array.from(images, (image) => {
        const { file, label, className } = factsOf(features.images, image);
        return [file, label ?? '', className ?? ''];
      }),
    );
    writeAtomically(table, [new TextEncoder().encode(`${toCsv(['file', 'label', 'class'], rows)}\n`)]);
    writeAtomically(out, npyBytes(features));
    return [out, table];
  },
};

/** What writes a file of this name. @throws UserError where its ending is of no kind that can be written */
export function writerOf(out: string): Write {
  const write = writers[extname(out)];
  if (write !== undefined) return write;
  throw new UserError(`--out ${out}: let its name end in ${Object.keys(writers).join(' or ')}`, 2);
}
