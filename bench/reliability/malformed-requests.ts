/**
 * Sends the studio requests that are none, or ask what they must not: it stands afterwards, and told no secret.
 *
 *   node --import tsx bench/reliability/malformed-requests.ts [10000]
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serveStudio } from '../../src/studio/server.js';
import { ShownRuns } from '../../src/studio/shown-runs.js';
import { malformedRequest, send } from '../../test/studio/malformed.js';

const requests = Number(process.argv[2] ?? 10_000);
const TOGETHER = 16;
const folder = mkdtempSync(join(tmpdir(), 'iwm-malformed-'));
const [page, run] = [join(folder, 'page'), join(folder, 'runs', 'demo')];
for (const made of [page, run]) mkdirSync(made, { recursive: true });
writeFileSync(join(run, 'config.json'), '{}');
for (const place of [folder, run]) writeFileSync(join(place, 'secret'), 'SECRET');
const studio = await serveStudio(new ShownRuns([join(folder, 'runs')]), page);
const port = Number(new URL(studio.url).port);
const statuses = new Map<string, number>();
for (let first = 0; first < requests; first += TOGETHER)
  await Promise.all(
    Array.from({ length: Math.min(TOGETHER, requests - first) }, async (_, i) => {
      const answer = await send(port, malformedRequest(first + i));
      if (answer.includes('SECRET')) throw new Error(`request ${first + i} was told the secret`);
      const status = /^HTTP\/1.1 (\d+)/.exec(answer)?.[1] ?? 'none';
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
    }),
  );
const { status } = await fetch(`${studio.url}runs.json`);
console.log(
  `${requests} requests; answers ${JSON.stringify(Object.fromEntries(statuses))}; afterwards ${status}`,
);
await studio.close();
rmSync(folder, { recursive: true });
