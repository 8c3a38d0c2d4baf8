import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, normalize } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';

/** Where a Chromium usually lies; `CHROMIUM` says another. */
const places = [
  process.env.CHROMIUM,
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  'C:/Program Files/Google/Chrome/Application/chrome.exe',
];

/** A real browser's program; undefined where there is none. */
export const browserPath = places.find((path) => path !== undefined && existsSync(path));

/** Says why tests in a browser are skipped, where they are. */
export const skip = browserPath === undefined ? 'no Chromium found; CHROMIUM can name one' : false;

const types: Readonly<Record<string, string>> = {
  html: 'text/html',
  js: 'text/javascript',
  mjs: 'text/javascript',
  wasm: 'application/wasm',
  json: 'application/json',
  css: 'text/css',
  svg: 'image/svg+xml',
};

/** Flags that give Chromium WebGPU where it would not by itself. */
export const webgpu = ['--enable-unsafe-webgpu', '--enable-features=Vulkan', '--ignore-gpu-blocklist'];
/** Flags that give it WebGPU on the CPU. */
export const softwareGpu = [...webgpu, '--use-webgpu-adapter=swiftshader', '--disable-gpu-watchdog'];

/** In a page: the bytes of all that it has loaded, without runs. */
export const FIRST_PAGE_BYTES = `[...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]
  .filter(({ name }) => !name.includes('/runs'))
  .reduce((sum, { decodedBodySize }) => sum + decodedBodySize, 0)`;

/** A page, open in a browser. */
export interface OpenPage {
  readonly page: Page;
  /** What the page has said to its console as an error, or thrown; what its policy refused too. */
  readonly errors: readonly string[];
  close(): Promise<void>;
}

/** Opens a page in a browser of its own. @param flags of the browser, beside what it takes anyway */
export async function openAt(url: string, flags: readonly string[] = []): Promise<OpenPage> {
  // Where tests run as root, as in containers, Chromium has no sandbox.
  const browser: Browser = await chromium.launch({
    executablePath: browserPath!,
    chromiumSandbox: process.getuid?.() !== 0,
    args: [...flags],
  });
  const page = await browser.newPage();
  const errors: string[] = [];
  page.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
  page.on('pageerror', (error) => errors.push(error.message));
  await page.goto(url);
  return { page, errors, close: () => browser.close() };
}

/**
 * Serves the folders (the first that has a file gives it) on this machine alone, isolated so that threads may share
 * memory, and opens an `index.html`.
 * @param path of the folder that it is in, ending in a slash; theirs where left out
 * @param flags of the browser
 */
export async function openPage(
  folders: readonly string[],
  path = '',
  flags: readonly string[] = [],
): Promise<OpenPage> {
  const server = createServer((request, response) => {
    const asked = normalize(new URL(request.url ?? '/', 'http://localhost').pathname);
    const name = /[/\\]$/.test(asked) ? join(asked, 'index.html') : asked;
    const file = folders.map((folder) => join(folder, name)).find(existsSync);
    response.writeHead(file === undefined ? 404 : 200, {
      'content-type': types[/\w+$/.exec(file ?? '')?.[0] ?? ''] ?? 'application/octet-stream',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-embedder-policy': 'require-corp',
    });
    response.end(file === undefined ? '' : readFileSync(file));
  });
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  const { port } = server.address() as AddressInfo;
  const opened = await openAt(`http://127.0.0.1:${port}/${path}`, flags);
  return {
    ...opened,
    async close() {
      await opened.close();
      server.close();
    },
  };
}
