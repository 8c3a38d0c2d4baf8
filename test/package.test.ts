import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

function read(file: string): string {
  return readFileSync(new URL(`../${file}`, import.meta.url), 'utf8');
}

const manifest = JSON.parse(read('package.json')) as {
  version: string;
  allowScripts: Record<string, boolean>;
  dependencies: Record<string, string>;
  devDependencies: Record<string, string>;
};

interface LockedPackage {
  hasInstallScript?: true;
}

test('npm ci runs no install script of a dependency', () => {
  // onnxruntime-node's script downloads CUDA libraries, which an install without network cannot do.
  // koffi's would build what its packages for each platform hold already.
  // npm from 11.16 on reads allowScripts; an older one runs only what the lock file marks.
  assert.deepEqual(manifest.allowScripts, { esbuild: false, koffi: false, 'onnxruntime-node': false });
  const { packages } = JSON.parse(read('package-lock.json')) as { packages: Record<string, LockedPackage> };
  const marked = Object.keys(packages).filter((path) => packages[path]?.hasInstallScript);
  assert.deepEqual(marked, [], 'remove the hasInstallScript lines from package-lock.json');
});

test('the files that name the version agree', () => {
  assert.match(read('CITATION.cff'), new RegExp(`^version: ${manifest.version}$`, 'm'));
  const lock = JSON.parse(read('package-lock.json')) as { version: string };
  assert.equal(lock.version, manifest.version);
});
