import { readFileSync } from 'node:fs';
import { UserError } from './errors.js';

/** What a JSON file holds, not checked. @throws UserError where it cannot be read or is not valid JSON */
export function readJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    throw new UserError(`${file} is not valid JSON`);
  }
}
