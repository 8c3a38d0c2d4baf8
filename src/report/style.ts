import { Html } from './html.js';

/** The page's style; light or dark as the reader's system is. */
export const style = new Html(`
:root {
  color-scheme: light dark;
  --ink: #1b2430; --soft: #5d6b7a; --line: #e1e6ec; --back: #f6f8fa; --card: #fff;
  --accent: #2160c4; --right: #158a45; --wrong: #c03a2b;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ink: #e6ebf1; --soft: #98a5b3; --line: #2d3742; --back: #11161c; --card: #1a2129;
    --accent: #7fb0fb; --right: #4cc47f; --wrong: #f08a7b;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--back); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 1120px; margin: 0 auto; padding: 28px 16px 64px; }
h1 { font-size: 1.7rem; margin: 0; overflow-wrap: anywhere; }
h2 { font-size: 1.25rem; margin: 2.4rem 0 .8rem; }
header p { margin: 2px 0 12px; }
header { margin-bottom: 20px; }
.command { white-space: pre-wrap; overflow-wrap: anywhere; margin: 0; padding: 8px 14px; }
header p, .protocol, .card span, .card small, .chart p, figcaption, th { color: var(--soft); }
main > p { max-width: 84ch; }
main > .protocol { font-size: .85rem; max-width: 110ch; }
.card, .chart, .sweep, .row { background: var(--card); border: 1px solid var(--line); border-radius: 12px; }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 12px; }
.card { display: flex; flex-direction: column; padding: 12px 16px; }
.card strong { font-size: 1.9rem; line-height: 1.25; font-variant-numeric: tabular-nums; }
.card span, .card small { font-size: .85rem; }
.verdict { border-left: 4px solid var(--accent); padding-left: 14px; margin: 20px 0; }
.charts { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 310px), 1fr)); gap: 12px; }
.chart { margin: 0; padding: 12px 14px; }
figcaption { display: flex; justify-content: space-between; gap: 8px; }
figcaption b { color: var(--ink); font-weight: 600; }
figcaption output { color: var(--accent); font-weight: 600; font-variant-numeric: tabular-nums; }
.chart p { font-size: .82rem; line-height: 1.4; margin: 6px 0 0; }
svg { width: 100%; display: block; margin-top: 6px; }
svg text { fill: var(--soft); font-size: 11px; font-variant-numeric: tabular-nums; }
svg .grid { stroke: var(--line); }
svg .reference { stroke: var(--soft); stroke-width: 1.5; stroke-dasharray: 5 4; }
svg polyline { fill: none; stroke: var(--accent); stroke-width: 2; stroke-linejoin: round; }
svg polygon { fill: var(--accent); opacity: .16; }
svg circle { fill: var(--accent); }
.key { white-space: nowrap; border-radius: 4px; padding: 0 5px; box-shadow: inset 0 0 0 1px var(--line); }
.key.right { box-shadow: inset 0 0 0 2px var(--right); }
.rows > .sweep { grid-column: 1 / -1; }
.sweep { display: grid; grid-template-columns: 132px 1fr; gap: 12px 24px; padding: 16px; }
.original p { font-size: .85rem; margin: 8px 0 0; color: var(--soft); }
.original b { color: var(--ink); }
.jitters { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 400px), 1fr)); gap: 16px 24px; min-width: 0; }
.jitter { margin: 0; min-width: 0; font-size: .85rem; }
table { border-collapse: collapse; table-layout: fixed; width: 100%; }
th { font-weight: 400; font-size: .72rem; font-variant-numeric: tabular-nums; padding: 2px 0; }
th[scope="row"] { width: 5.4em; text-align: left; }
td { padding: 2px; text-align: center; vertical-align: top; }
td small { display: block; color: var(--soft); font-size: .72rem; line-height: 1.3; padding-top: 2px; font-variant-numeric: tabular-nums; }
img { width: 100%; display: block; border-radius: 4px; }
.pixelated { image-rendering: pixelated; }
td.right img { outline: 3px solid var(--right); outline-offset: -2px; }
td.right small { color: var(--right); font-weight: 700; }
.rows { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 500px), 1fr)); gap: 14px; }
.row { padding: 16px; min-width: 0; }
.row p { font-size: .85rem; margin: 4px 0 0; color: var(--soft); }
.row > p { margin-top: 10px; }
.row b { color: var(--ink); }
.strip { display: flex; gap: 8px 12px; align-items: start; }
.strip figure { margin: 0; flex: 0 1 116px; min-width: 0; }
.strip p { text-align: center; line-height: 1.3; font-size: .78rem; }
.strip small { font-size: inherit; font-variant-numeric: tabular-nums; }
.strip .right img { outline: 3px solid var(--right); outline-offset: -2px; }
.strip .right small { color: var(--right); font-weight: 700; }
.arrow { color: var(--soft); font-size: 1.3rem; align-self: center; padding-bottom: 1.3rem; }
.rows > .inversions { grid-column: 1 / -1; display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 300px), 1fr)); gap: 16px 24px; }
.inversion { margin: 0; min-width: 0; font-size: .85rem; }
.beside { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 400px), 1fr)); gap: 12px 28px; align-items: start; }
.beside > * { min-width: 0; }
.wide { overflow-x: auto; }
.matrix svg { margin-right: auto; max-width: none; }
.matrix .hit { fill: var(--right); }
.matrix .miss { fill: var(--wrong); }
.list { width: auto; table-layout: auto; margin: 0 0 14px; font-size: .9rem; }
.list th { text-align: left; font-size: .82rem; padding: 4px 18px 4px 0; vertical-align: top; }
.list td { text-align: left; padding: 4px 18px 4px 0; border-top: 1px solid var(--line); font-variant-numeric: tabular-nums; }
.bars { width: 100%; max-width: 640px; }
.bars td:nth-child(2) { white-space: nowrap; }
.bars td:last-child { width: 60%; }
.bar { height: 10px; border-radius: 3px; background: var(--accent); }
.mistakes { display: grid; grid-template-columns: repeat(auto-fill, minmax(132px, 1fr)); gap: 12px; }
.mistake { margin: 0; padding: 10px; background: var(--card); border: 1px solid var(--line); border-radius: 12px; font-size: .85rem; min-width: 0; }
.mistake figcaption { margin-top: 6px; overflow-wrap: anywhere; }
.mistake output, .mistake figcaption b { color: var(--wrong); }
.mistake p { margin: 0; overflow-wrap: anywhere; }
.mistake p b { color: var(--right); }
.file { color: var(--soft); font-size: .75rem; overflow-wrap: anywhere; }
.triple { display: grid; grid-template-columns: repeat(3, 1fr); gap: 8px; min-width: 0; }
.triple figure { margin: 0; min-width: 0; }
.triple p { margin: 2px 0 0; font-size: .82rem; color: var(--soft); }
.legend i { display: inline-block; width: .8em; height: .8em; border-radius: 2px; margin-right: 5px; }
details { margin-top: 20px; }
summary { cursor: pointer; font-weight: 600; margin-bottom: 10px; }
pre { overflow-x: auto; font-size: .8rem; background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 14px; }
@media (max-width: 640px) {
  .sweep { grid-template-columns: 1fr; padding: 12px; }
  .original { display: flex; gap: 12px; align-items: center; }
  .original img { width: 84px; }
  th[scope="row"] { width: 4.8em; }
  th, td small { font-size: .66rem; }
  .row { padding: 12px; }
  .strip { gap: 6px; }
  .strip p { font-size: .68rem; hyphens: auto; }
  .arrow { font-size: 1rem; }
}
`);
