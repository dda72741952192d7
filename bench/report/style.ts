/** The looks of the page, in both colour schemes. Outcomes are told by words and signs; colour only repeats them. */
export const style = `
:root {
  color-scheme: light dark;
  --page: #f6f7f9; --card: #ffffff; --ink: #17202e; --soft: #566174; --line: #dfe3ea;
  --ours: #0f6ecd; --rival: #8a94a6; --ground: #eef1f5; --must: #d9ecdf; --aim: #a9dbb9;
  --good: #126b35; --good-back: #dcf3e3; --fair: #0b5a86; --fair-back: #dceefa;
  --bad: #a11d1d; --bad-back: #fbe3e1; --none: #566174; --none-back: #e9edf2;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #0f141b; --card: #171e28; --ink: #e7ecf3; --soft: #9aa7ba; --line: #2a3442;
    --ours: #58aaff; --rival: #8793a6; --ground: #1f2834; --must: #1e3b2b; --aim: #2b6341;
    --good: #8be0a8; --good-back: #173a26; --fair: #8fd0ff; --fair-back: #143349;
    --bad: #ff9d94; --bad-back: #4a1c1a; --none: #9aa7ba; --none-back: #252f3c;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--page); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif;
}
main { max-width: 1060px; margin: 0 auto; padding: 2.2rem 1.2rem 4rem; }
h1 { font-size: 1.9rem; line-height: 1.2; letter-spacing: -.02em; margin: 0 0 .3rem; }
h2 { font-size: 1.2rem; letter-spacing: -.01em; margin: 2.6rem 0 .4rem; }
h3 { font-size: 1rem; margin: 0; }
p { margin: .3rem 0; max-width: 75ch; }
.soft { color: var(--soft); }
table th:first-child, table td:nth-child(2) { max-width: 12rem; }
.small { font-size: .87rem; }
.number { font-variant-numeric: tabular-nums; }
.warning { border-left: 4px solid var(--bad); background: var(--bad-back); padding: .5rem .9rem; border-radius: 4px; margin: 1rem 0; }
.counts { display: flex; flex-wrap: wrap; gap: .7rem; margin: 1.3rem 0 0; padding: 0; list-style: none; }
.counts li { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: .6rem 1.1rem; min-width: 8rem; }
.counts b { display: block; font-size: 1.7rem; line-height: 1.2; font-variant-numeric: tabular-nums; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 1rem 1.2rem; margin: .7rem 0; }
.goal-head { display: flex; flex-wrap: wrap; gap: .3rem .8rem; align-items: baseline; margin-bottom: .45rem; }
.badge { font-size: .82rem; font-weight: 600; border-radius: 99px; padding: .1rem .65rem; white-space: nowrap; }
.aim { color: var(--good); background: var(--good-back); }
.must { color: var(--fair); background: var(--fair-back); }
.miss { color: var(--bad); background: var(--bad-back); }
.unjudged { color: var(--none); background: var(--none-back); }
.row { display: grid; grid-template-columns: 16rem minmax(8rem, 1fr) 11.5rem; gap: .1rem 1rem; align-items: center; }
.row.bars { grid-template-columns: 16rem minmax(8rem, 1fr) 13.5rem; margin-bottom: .3rem; }
.row .value { text-align: right; }
.pair { display: grid; gap: 1px; }
.plot { display: block; overflow: visible; }
.ground { fill: var(--ground); } .zone-must { fill: var(--must); } .zone-aim { fill: var(--aim); }
.range { stroke: var(--ours); stroke-width: 2; } .dot { fill: var(--ours); stroke: var(--card); stroke-width: 1.5; }
.ring { fill: none; stroke: var(--rival); stroke-width: 2.5; }
.bar.ours { fill: var(--ours); } .bar.rival { fill: var(--rival); }
.whisker { stroke: var(--ink); stroke-width: 1.5; opacity: .75; }
.legend { display: flex; flex-wrap: wrap; gap: .3rem 1.4rem; margin: .6rem 0; padding: 0; list-style: none; }
.legend li { display: flex; align-items: center; gap: .45rem; }
.legend svg { flex: none; }
table { border-collapse: collapse; width: 100%; font-size: .87rem; }
caption { text-align: left; color: var(--soft); padding-bottom: .4rem; }
th, td { text-align: left; padding: .3rem .6rem .3rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
th { font-weight: 600; }
td.number, th.number { text-align: right; white-space: nowrap; }
.scroll { overflow-x: auto; }
code { font: .87em ui-monospace, "SF Mono", Menlo, Consolas, monospace; overflow-wrap: anywhere; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1.2rem; margin: 0; }
dt { color: var(--soft); } dd { margin: 0; }
@media (max-width: 720px) {
  .row, .row.bars { grid-template-columns: 1fr; gap: 0; margin-bottom: .6rem; }
  .row .value { text-align: left; }
  dl { grid-template-columns: 1fr; gap: 0; } dd { margin-bottom: .5rem; }
}
@media print { body { background: none; } .card, .counts li { break-inside: avoid; } }
`;
