import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig, type Plugin } from 'vite';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** ONNX Runtime's own files, which it loads by their names: WebAssembly alone, and with WebGPU. */
const runtime: Plugin = {
  name: 'onnxruntime-files',
  generateBundle() {
    for (const name of ['ort-wasm-simd-threaded', 'ort-wasm-simd-threaded.asyncify'])
      for (const type of ['mjs', 'wasm'])
        this.emitFile({
          type: 'asset',
          fileName: `onnxruntime/${name}.${type}`,
          source: readFileSync(here(`../node_modules/onnxruntime-web/dist/${name}.${type}`)),
        });
  },
};

export default defineConfig({
  root: here('.'),
  // Any sub-path.
  base: './',
  plugins: [svelte(), runtime],
  resolve: {
    alias: { 'image-world-models/web': here('../src/web/index.ts') },
    conditions: ['onnxruntime-web-use-extern-wasm', 'module', 'browser', 'production'],
  },
  worker: { format: 'es' },
  // The policy allows no data: URLs.
  build: { outDir: here('../dist/studio/page'), emptyOutDir: true, assetsInlineLimit: 0, target: 'es2022' },
});
