/** The page's style; light or dark as the reader's system is. */
export const style = `
:root { color-scheme: light dark; --ink: #1d2733; --soft: #667383; --line: #dde3ea; --back: #fbfcfd; --card: #fff; --accent: #2563c9; --right: #1a9850; }
@media (prefers-color-scheme: dark) { :root { --ink: #e5eaf0; --soft: #97a3b0; --line: #333d48; --back: #14191f; --card: #1c232b; --accent: #76a9fa; --right: #4cc47f; } }
body { margin: 0; background: var(--back); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 1060px; margin: 0 auto; padding: 24px 16px 64px; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.2rem; margin-top: 2.2rem; }
.cards, .curves { display: flex; flex-wrap: wrap; gap: 12px; }
.card, figure { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 12px 16px; margin: 0; }
.card { display: flex; flex-direction: column; min-width: 150px; } .card strong { font-size: 1.7rem; }
.card span, .card small, .protocol, figcaption { color: var(--soft); font-size: .85rem; }
.verdict { font-weight: 600; }
figure { flex: 1 1 300px; max-width: 336px; } svg { width: 100%; display: block; }
svg text { fill: var(--soft); font-size: 10px; } svg .grid { stroke: var(--line); } svg .reference { stroke: var(--soft); stroke-dasharray: 4 3; }
svg polyline { fill: none; stroke: var(--accent); stroke-width: 1.8; } svg circle { fill: var(--accent); }
.sweep { display: flex; flex-wrap: wrap; gap: 16px; align-items: flex-start; margin: 18px 0; padding-top: 18px; border-top: 1px solid var(--line); overflow-x: auto; }
.sweep > img { width: 96px; } img { image-rendering: pixelated; width: 56px; display: block; border-radius: 4px; }
table { border-collapse: collapse; margin-bottom: 10px; } th { font-weight: 500; font-size: .75rem; color: var(--soft); text-align: left; min-width: 60px; }
td { padding: 2px; text-align: center; position: relative; } td small { position: absolute; right: 3px; bottom: 2px; background: #000a; color: #fff; border-radius: 4px; padding: 0 4px; font-size: .65rem; }
td.right img { outline: 3px solid var(--right); outline-offset: -1px; }
pre { overflow-x: auto; font-size: .8rem; }
`;
