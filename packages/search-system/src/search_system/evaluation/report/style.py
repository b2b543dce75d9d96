"""The report's style sheet: light, dark and print from one set of colours.

Blue and orange tell gains from losses to colour-blind eyes, too.
"""

CSS = """
:root { --ink: #16202c; --soft: #5b6876; --line: #dfe4ea; --paper: #ffffff; --card: #f6f8fa;
  --blue: #1f6feb; --orange: #d9730d; --grey: #a9b4c0; color-scheme: light dark; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6ebf1; --soft: #9aa7b5; --line: #2c3642;
  --paper: #10161d; --card: #18212b; --blue: #5b9cff; --orange: #f0964a; --grey: #56626f; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif; }
main { max-width: 944px; margin: 0 auto; padding: 40px 32px 64px; }
h1 { font-size: 30px; line-height: 1.2; margin: 2px 0 12px; overflow-wrap: anywhere; }
h2 { font-size: 20px; margin: 48px 0 6px; padding-top: 20px; border-top: 1px solid var(--line); }
h3 { font-size: 15px; margin: 26px 0 6px; }
p { margin: 6px 0 14px; max-width: 74ch; overflow-wrap: anywhere; }
.kicker { color: var(--soft); font-size: 13px; letter-spacing: .04em; text-transform: uppercase;
  margin: 0; }
.lead { font-size: 18px; }
.soft, .note { color: var(--soft); }
.note { font-size: 13px; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(190px, 1fr)); gap: 12px;
  margin: 22px 0; }
.tile { background: var(--card); border: 1px solid var(--line); border-radius: 10px;
  padding: 14px 16px; }
.tile b { display: block; font-size: 30px; line-height: 1.25; font-variant-numeric: tabular-nums; }
.tile .name { font-size: 13px; color: var(--soft); }
.tile .under { font-size: 13px; color: var(--soft); }
.gain { color: var(--blue); } .drop { color: var(--orange); }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; margin: 10px 0 6px; font-size: 14px; }
th { text-align: left; font-weight: 600; color: var(--soft); font-size: 12.5px;
  border-bottom: 1px solid var(--line); padding: 6px 12px 6px 0; vertical-align: bottom; }
td { padding: 7px 12px 7px 0; border-bottom: 1px solid var(--line); vertical-align: middle; }
th:last-child, td:last-child { padding-right: 0; }
td.query { overflow-wrap: anywhere; min-width: 160px; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
td.number svg { margin-left: auto; }
td .under { display: block; color: var(--soft); font-size: 12.5px; max-width: 44ch; }
.columns { display: grid; grid-template-columns: repeat(auto-fit, minmax(340px, 1fr));
  gap: 8px 28px; }
.columns > div { min-width: 0; }
svg { display: block; max-width: 100%; overflow: visible; }
svg:not([width]) { width: 100%; height: auto; }
svg .label { font-size: 12px; fill: var(--soft); }
svg .on { font-size: 13px; font-weight: 600; }
svg .win-text, svg .loss-text { fill: #ffffff; } svg .tie-text { fill: var(--ink); }
svg .rail { stroke: var(--line); } svg .axis { stroke: var(--soft); }
svg .whisker { stroke: var(--blue); stroke-width: 3; stroke-linecap: round; opacity: .55; }
svg .dot, svg .bar, svg .win { fill: var(--blue); }
svg .loss { fill: var(--orange); } svg .tie { fill: var(--grey); }
svg .marker { stroke: var(--orange); stroke-width: 2.5; }
details { margin: 14px 0; } summary { cursor: pointer; color: var(--blue); }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 4px 18px; margin: 8px 0 14px; }
dt { color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; }
@media print { main { padding: 0; max-width: none; } h2, svg, tr { break-inside: avoid; }
  details { display: none; } }
"""
