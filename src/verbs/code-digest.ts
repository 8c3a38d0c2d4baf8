import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { shortDigest } from '../train/same-everywhere.js';

/** A digest of our own code, as it lies on this machine. */
export function codeDigest(): Promise<string> {
  const root = fileURLToPath(new URL('..', import.meta.url));
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.[jt]s$/.test(file))
    .sort();
  return shortDigest(files.flatMap((file) => [file, readFileSync(join(root, file), 'utf8')]));
}
