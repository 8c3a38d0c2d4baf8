/** What the page may load and do: its own files alone. WebAssembly is compiled, nothing else is made code of. */
export const pagePolicy = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "worker-src 'self'",
  "style-src 'self'",
  "img-src 'self' blob:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
].join('; ');

/** What a run's report may: it is one file, with its style and pictures inside it, and no code. */
const reportPolicy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";

/** Headers of every answer. With the first two threads may share memory. */
export function headersOf(path: string): Readonly<Record<string, string>> {
  const policy = path.endsWith('/report.html') ? reportPolicy : pagePolicy;
  return {
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-embedder-policy': 'require-corp',
    'cross-origin-resource-policy': 'same-origin',
    'content-security-policy': `${policy}; frame-ancestors 'none'`,
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cache-control': 'no-cache',
  };
}
