import type { MrrResult } from '../evaluate/mrr.js';
import { count } from '../words.js';
import { type Html, html } from './html.js';

/** The MRR by transformation: a bar for each jitter that is asked alone. */
export function jittersFigure(byJitter: Readonly<Record<string, MrrResult>>): Html | undefined {
  const [one] = Object.values(byJitter);
  if (one === undefined) return undefined;
  const rows = Object.entries(byJitter).map(([name, { value, standardError, images }]) => {
    const error = standardError === undefined ? '' : ` ± ${standardError.toFixed(3)}`;
    return html`<tr><td>${name}</td><td>${value.toFixed(3)}${error}</td><td>${images}</td><td><div class="bar" style="width:${(100 * value).toFixed(1)}%"></div></td></tr>`;
  });
  return html`<h2>Which jitter it knows best</h2>
<p>The MRR where one jitter varies alone, the others as they are: of each image ${count(one.actions, 'version')} are looked for among ${one.bank} in which only it differs. An image that a jitter cannot change is not asked. 1 is perfect, ${one.chance.toFixed(3)} chance.</p>
<table class="list bars"><tr><th>jitter</th><th>MRR</th><th>images</th><th></th></tr>${rows}</table>`;
}
