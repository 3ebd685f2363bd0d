/** The style sheet of a report. It names fonts that systems have, and loads nothing. */
export const STYLES = `
:root { color-scheme: light dark; --ink: #16191d; --soft: #5b6470; --line: #d5dae0; --page: #ffffff; --band: #f4f6f8; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6e9ed; --soft: #9aa4b0; --line: #343b44; --page: #14171b; --band: #1c2127; }
}
* { box-sizing: border-box; }
html { background: var(--page); color: var(--ink); -webkit-text-size-adjust: 100%; }
body {
  font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", "Helvetica Neue", "DejaVu Sans", Arial, sans-serif;
  max-width: 84rem; margin: 0 auto; padding: 2.5rem clamp(1rem, 4vw, 3rem);
}
h1 { font-size: 1.9rem; line-height: 1.2; letter-spacing: -0.01em; margin: 0 0 0.6rem; }
h2 { font-size: 1.3rem; margin: 2.8rem 0 0.6rem; padding-top: 0.9rem; border-top: 1px solid var(--line); }
p { max-width: 46rem; margin: 0 0 1rem; }
.summary { font-size: 1.1rem; color: var(--soft); }
nav ul { list-style: none; display: flex; flex-wrap: wrap; gap: 0.2rem 1.4rem; margin: 1rem 0 0; padding: 0; }
a { color: inherit; text-underline-offset: 0.2em; text-decoration-color: var(--soft); }
.items { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 33rem), 1fr)); gap: 1.8rem 2.5rem; }
.table { grid-column: 1 / -1; overflow-x: auto; }
figure { margin: 0; min-width: 0; }
figure svg { display: block; width: 100%; height: auto; max-width: 44rem; }
.wide { grid-column: 1 / -1; overflow-x: auto; }
.wide svg { min-width: 40rem; max-width: 66rem; }
.wide figcaption { padding-left: 0; }
figcaption, caption { color: var(--soft); font-size: 0.92rem; line-height: 1.45; }
figcaption { margin-top: 0.4rem; padding-left: 12.5%; max-width: 44rem; }
caption { text-align: left; padding-bottom: 0.5rem; }
table { border-collapse: collapse; font-size: 0.95rem; font-variant-numeric: tabular-nums; }
th, td { padding: 0.34rem 1.6rem 0.34rem 0; text-align: left; vertical-align: baseline; font-weight: normal; }
th:last-child, td:last-child { padding-right: 0.4rem; }
thead th { border-top: 1.5px solid var(--ink); border-bottom: 1px solid var(--ink); font-weight: 600; }
tbody tr:last-child > * { border-bottom: 1.5px solid var(--ink); }
tbody tr:nth-child(even) { background: var(--band); }
.number { text-align: right; }
.unit { font-weight: normal; color: var(--soft); white-space: nowrap; }
footer { margin-top: 3rem; padding-top: 0.9rem; border-top: 1px solid var(--line); color: var(--soft); font-size: 0.85rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0.15rem 1.2rem; margin: 0; }
dd { margin: 0; overflow-wrap: anywhere; font-family: ui-monospace, "SF Mono", Menlo, Consolas, monospace; }
@media print {
  :root { color-scheme: light; --ink: #000; --soft: #444; --line: #bbb; --page: #fff; --band: #f4f4f4; }
  html { font-size: 9.5pt; }
  body { padding: 0; max-width: none; }
  nav { display: none; }
  .items { grid-template-columns: repeat(2, 1fr); gap: 1.2rem 1.6rem; }
  figure, tr { break-inside: avoid; }
  h2 { break-after: avoid; }
}
`.trim();
