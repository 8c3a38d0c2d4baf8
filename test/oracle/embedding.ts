// Writes the files that embedding.py reads, test/fixtures/embedding*, as iwm embed writes them.
// Run before it: node --import tsx test/oracle/embedding.ts
import { fileURLToPath } from 'node:url';
import { writerOf } from '../../src/embed/features-file.js';
import { drawnFeatures } from '../embed/drawn-features.js';

for (const [name, vectors] of [
  ['embedding', 1],
  ['embedding-patches', 2],
] as const)
  for (const ending of ['parquet', 'npy']) {
    const path = fileURLToPath(new URL(`../fixtures/${name}.${ending}`, import.meta.url));
    writerOf(path)(path, drawnFeatures(vectors));
  }
