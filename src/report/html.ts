/** Markup: text that is put into a page as it is. */
export class Html {
  constructor(readonly text: string) {}
}

/** What stands in a template: text is escaped, markup is not, lists are joined, `undefined` is nothing. */
export type Content = string | number | Html | undefined | readonly Content[];

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function render(content: Content): string {
  if (content === undefined) return '';
  if (content instanceof Html) return content.text;
  if (typeof content === 'object') return content.map(render).join('');
  return String(content).replace(/[&<>"']/g, (character) => entities[character] ?? character);
}

/** A template of HTML or SVG whose values cannot break out of text or a quoted attribute. */
export function html(parts: TemplateStringsArray, ...values: Content[]): Html {
  return new Html(parts.map((part, i) => part + render(values[i])).join(''));
}
