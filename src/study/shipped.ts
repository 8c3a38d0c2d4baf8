import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readJson } from '../json-file.js';

/** Where the studies lie that come with the package: two folders up from src/study and from dist/study alike. */
const folder = fileURLToPath(new URL('../../studies', import.meta.url));

/** Names of the studies that come with the package. */
export const studyNames = (): string[] =>
  readdirSync(folder)
    .flatMap((file) => (file.endsWith('.json') ? [basename(file, '.json')] : []))
    .sort();

/** The file of such a study. */
export const studyFile = (name: string): string => join(folder, `${name}.json`);

/** Every such study in a line: its name, and the first sentence of what it is about. */
export function describeStudies(): string {
  const names = studyNames();
  const width = Math.max(...names.map((name) => name.length));
  return names
    .map((name) => {
      const { about } = readJson(studyFile(name)) as { readonly about: string };
      const [sentence = about] = /^.*?[.?!](?=\s|$)/.exec(about) ?? [];
      return `  ${name.padEnd(width)}  ${sentence}`;
    })
    .join('\n');
}
