import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Page } from 'playwright-core';
import type * as web from '../../src/web/index.js';

/** Saves a run that lies in a page's own storage as a folder of its name. @returns its path */
export async function saveStoredRun(page: Page, name: string, folder: string): Promise<string> {
  const files = await page.evaluate(async (name) => {
    const module = '/web.js';
    const { filesOf, storedRun } = (await import(module)) as typeof web;
    const files: Record<string, string> = {};
    for await (const { path, bytes } of filesOf(storedRun(name))) {
      let text = '';
      for (let at = 0; at < bytes.length; at += 2 ** 15)
        text += String.fromCharCode(...bytes.subarray(at, at + 2 ** 15));
      files[path] = btoa(text);
    }
    return files;
  }, name);
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name, path)), { recursive: true });
    writeFileSync(join(folder, name, path), Buffer.from(text, 'base64'));
  }
  return join(folder, name);
}
