import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { UserError } from '../errors.js';

// The same place from src/studio and from dist/studio.
const root = fileURLToPath(new URL('../../', import.meta.url));
const page = fileURLToPath(new URL('../../dist/studio/page/', import.meta.url));

/**
 * The folder of the studio's page: an installed package's own, a checkout's built anew from its sources.
 * @throws UserError where it cannot be built
 */
export function builtPage(): string {
  const config = `${root}studio/vite.config.ts`;
  if (!existsSync(config)) return page;
  const vite = `${root}node_modules/vite/bin/vite.js`;
  const { status, stderr } = spawnSync(
    process.execPath,
    [vite, 'build', `${root}studio`, '--logLevel', 'error'],
    {
      encoding: 'utf8',
    },
  );
  if (status !== 0)
    throw new UserError(
      `the studio's page could not be built (Vite needs Node 20.19 or newer): ${stderr.trim()}`,
    );
  return page;
}
