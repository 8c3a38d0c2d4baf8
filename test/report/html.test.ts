import assert from 'node:assert/strict';
import { test } from 'node:test';
import { html } from '../../src/report/html.js';

test('text cannot break out of an element or a quoted attribute', () => {
  const { text } = html`<p title="${`"><script>`}">${"a < b & 'c'"}</p>`;
  assert.equal(text, '<p title="&quot;&gt;&lt;script&gt;">a &lt; b &amp; &#39;c&#39;</p>');
});

test('markup stays markup, lists are joined, undefined is nothing', () => {
  const items = ['a&b', 2].map((item) => html`<li>${item}</li>`);
  assert.equal(
    html`<ul>${items}${undefined}${[[html`<hr>`]]}</ul>`.text,
    '<ul><li>a&amp;b</li><li>2</li><hr></ul>',
  );
});
