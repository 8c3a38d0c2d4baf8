// Runs the program from its TypeScript source in a checkout, and from dist/ in the installed package,
// which has no src/. The source comes first, because in a checkout dist/ may be old.
import { existsSync } from 'node:fs';

const source = new URL('../src/cli/main.ts', import.meta.url);
const built = new URL('../dist/cli/main.js', import.meta.url);

if (existsSync(source)) {
  const tsx = await import('tsx/esm/api').catch((error) => stop(`${error.message}: run npm ci`));
  tsx?.register();
  if (tsx) await import(source.href);
} else if (existsSync(built)) {
  await import(built.href);
} else {
  stop('this package was packed without its build: run npm run build before npm pack');
}

function stop(message) {
  console.error(`iwm: ${message}`);
  process.exitCode = 1;
}
