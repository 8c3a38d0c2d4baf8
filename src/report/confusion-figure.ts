import { type Confusion, table, totals, worstPairs } from '../adapt/scores/confusion.js';
import type { TaskClasses } from '../adapt/tasks/task.js';
import { percent } from '../words.js';
import { type Html, html } from './html.js';

/** Classes up to which what was taken for what is drawn. */
const MOST_CLASSES = 40;
/** Pairs that are listed. */
const MOST_PAIRS = 12;
const CELL = 26;
/** Pixels of a letter of a name. */
const LETTER = 6.4;
/** Letters of a name that are drawn. */
const LETTERS = 18;

const shortened = (name: string): string => (name.length > LETTERS ? `${name.slice(0, LETTERS - 1)}…` : name);

/**
 * What was taken for what: of few classes a picture, and of any the pairs that occur most.
 * @param things what is counted, in words
 */
export function confusionFigure(
  { classes, ignored }: TaskClasses,
  confusion: Confusion,
  things: string,
): Html {
  const shown = [...classes.keys()].filter((i) => i !== ignored);
  return html`<div class="beside">${shown.length > MOST_CLASSES ? undefined : matrix(classes, shown, confusion, things)}
${pairs(classes, confusion, things)}</div>`;
}

/** Rows are the classes, columns what they were taken for; the fuller, the larger the share of the row. */
function matrix(
  classes: readonly string[],
  shown: readonly number[],
  confusion: Confusion,
  things: string,
): Html {
  const all = totals(confusion);
  const rows = table(confusion, classes.length);
  const names = shown.map((i) => shortened(classes[i] ?? ''));
  const left = 12 + LETTER * Math.max(...names.map((name) => name.length));
  const cells = shown.flatMap((truth, row) =>
    shown.map((told, column) => {
      const count = rows[truth]?.[told] ?? 0;
      const share = count / Math.max(1, all.get(truth)?.truth ?? 0);
      const what = `${classes[truth]} taken for ${classes[told]}: ${count.toLocaleString('en-US')} ${things}, ${percent(share)}`;
      return html`<rect class="${truth === told ? 'hit' : 'miss'}" x="${left + CELL * column}" y="${left + CELL * row}" width="${CELL - 1}" height="${CELL - 1}" fill-opacity="${(0.06 + 0.94 * share).toFixed(3)}"><title>${what}</title></rect>`;
    }),
  );
  const edges = names.map((name, i) => {
    const middle = left + CELL * (i + 0.5);
    return [
      html`<text x="${left - 6}" y="${middle}" dy=".35em" text-anchor="end">${name}</text>`,
      html`<text transform="translate(${middle} ${left - 6}) rotate(-90)" dy=".35em">${name}</text>`,
    ];
  });
  const size = left + CELL * shown.length + 4;
  return html`<figure class="chart matrix"><figcaption><b>What was taken for what</b></figcaption>
<div class="wide"><svg style="width:${size}px" viewBox="0 0 ${size} ${size}" role="img" aria-label="Confusion of ${shown.length} classes">${cells}${edges}</svg></div>
<p>Rows are the classes, columns what they were taken for; the fuller a square, the larger its share of the row. Off the diagonal are the mistakes.</p></figure>`;
}

function pairs(classes: readonly string[], confusion: Confusion, things: string): Html {
  const all = totals(confusion);
  const worst = worstPairs(confusion, MOST_PAIRS);
  if (worst.length === 0) return html`<p>No mistakes among those asked.</p>`;
  const rows = worst.map(({ truth, told, count }) => {
    const share = count / (all.get(truth)?.truth ?? 1);
    return html`<tr><td>${classes[truth]}</td><td>${classes[told]}</td><td>${count.toLocaleString('en-US')}</td><td>${percent(share)}</td></tr>`;
  });
  return html`<div class="wide"><table class="list"><tr><th>class</th><th>taken for</th><th>${things}</th><th>of the class</th></tr>${rows}</table></div>`;
}
