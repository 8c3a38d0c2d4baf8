import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type DataKind, type DatasetFacts, FACTS, parseDatasetJson } from './dataset-json.js';

/** What `dataset.json` of a folder says, where there is one. @throws UserError as {@link parseDatasetJson} */
export function readDatasetJson(folder: string, kind?: DataKind): DatasetFacts {
  const file = join(folder, FACTS);
  return parseDatasetJson(existsSync(file) ? readFileSync(file, 'utf8') : undefined, file, kind);
}
