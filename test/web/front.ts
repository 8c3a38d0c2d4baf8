import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';

/** Bundles the library's front for browsers as `web.js`, other modules beside it by name, and an empty page. */
export async function buildFront(
  folder: string,
  others: Readonly<Record<string, string>> = {},
): Promise<void> {
  await build({
    entryPoints: { web: 'src/web/index.ts', ...others },
    outdir: folder,
    bundle: true,
    format: 'esm',
    splitting: true,
    platform: 'browser',
    conditions: ['onnxruntime-web-use-extern-wasm'],
  });
  writeFileSync(
    join(folder, 'index.html'),
    '<!doctype html><title>test</title><link rel="icon" href="data:,">',
  );
}
