import { runCurves } from '../evaluate/run-curves.js';
import type { Health, StepLine } from '../run/metrics.js';
import { curve } from './curve.js';
import { type Html, html } from './html.js';

/** The charts of a run: what tells how it goes, and below them, folded away, the schedules and the speed. */
export function curves(steps: readonly StepLine[], health: readonly Health[]): Html {
  const { main, more } = runCurves(steps, health);
  return html`<div class="charts">${main.map(curve)}</div>
<details><summary>Schedules and speed</summary><div class="charts">${more.map(curve)}</div></details>`;
}
