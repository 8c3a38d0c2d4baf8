import { cpSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../errors.js';
import { makeFolder } from '../make-folder.js';
import { type ListedRun, RUN_LIST } from '../web/run-list.js';
import { pagePolicy } from './policy.js';
import type { ShownRuns } from './shown-runs.js';

/**
 * Writes the studio as files for any server, wherever it puts them: the page, and its runs as they are now.
 * @param page folder of the built page
 * @returns the runs that were copied
 * @throws UserError where the folder holds something, or there are no runs
 */
export function buildSite(runs: ShownRuns, page: string, folder: string): readonly ListedRun[] {
  if (existsSync(folder) && readdirSync(folder).length > 0)
    throw new UserError(`${folder} exists already; choose another --build`);
  const listed = runs.list().map((run) => ({
    ...run,
    // A page elsewhere has no business with this machine's folders, and nothing trains there.
    name: run.id,
    state: run.files.includes('model.safetensors') ? ('finished' as const) : ('stopped' as const),
  }));
  if (listed.length === 0) throw new UserError('there are no runs to show: name some');
  makeFolder(folder);
  cpSync(page, folder, { recursive: true });
  // What the server says in a header, a page that is only files says itself.
  const index = join(folder, 'index.html');
  const policy = `<meta http-equiv="content-security-policy" content="${pagePolicy}">`;
  writeFileSync(index, readFileSync(index, 'utf8').replace('<head>', `<head>\n    ${policy}`));
  for (const { id, files } of listed) {
    makeFolder(join(folder, 'runs', id));
    for (const name of files) {
      const path = runs.file(id, name);
      if (path !== undefined) cpSync(path, join(folder, 'runs', id, name));
    }
  }
  writeFileSync(join(folder, RUN_LIST), `${JSON.stringify(listed, null, 2)}\n`);
  return listed;
}
