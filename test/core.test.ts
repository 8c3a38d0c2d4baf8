import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import vm from 'node:vm';
import { build } from 'esbuild';
import { resolve } from '../src/run/config.js';
import { toOnnx } from '../src/tensor/index.js';
import { stepConfig, traceStep } from '../src/train/step.js';

/** The files of the core, as the layer check has them. */
function coreFiles(): string[] {
  const { forbidden } = createRequire(import.meta.url)('../.dependency-cruiser.cjs') as {
    forbidden: { name: string; from: { path: string } }[];
  };
  const core = new RegExp(forbidden.find(({ name }) => name === 'core-is-portable')!.from.path);
  return readdirSync('src', { recursive: true })
    .map((file) => `src/${String(file).replaceAll('\\', '/')}`)
    .filter((file) => file.endsWith('.ts') && core.test(file));
}

test('the core is bundled for a browser with nothing replaced, and traces a step where there is no Node', async () => {
  const files = coreFiles();
  for (const file of [
    'src/tensor/op.ts',
    'src/evaluate/mrr.ts',
    'src/train/pretraining.ts',
    'src/run/config.ts',
  ])
    assert.ok(files.includes(file), file);
  const contents = files.map((file) => `export * from './${file.replace(/ts$/, 'js')}';`).join('\n');
  const { outputFiles, warnings } = await build({
    stdin: { contents, resolveDir: '.', loader: 'ts' },
    bundle: true,
    write: false,
    platform: 'browser',
    format: 'iife',
    globalName: 'core',
    target: 'es2022',
  });
  assert.deepEqual(warnings, []);
  // A page's globals that are no part of JavaScript itself; neither process, Buffer nor require.
  const page = vm.createContext({ TextEncoder, TextDecoder, performance, AbortSignal });
  vm.runInContext(outputFiles[0]!.text, page);
  const ours = traceStep(stepConfig(resolve('demo')));
  const bytes = vm.runInContext(
    "core.toOnnx(core.traceStep(core.stepConfig(core.resolve('demo')))).length",
    page,
  ) as number;
  assert.equal(bytes, toOnnx(ours).length);
});
