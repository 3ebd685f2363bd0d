import type { Picture, ReportDocument, ReportSection } from "../../../core/index.ts";
import { escapeXml } from "../escape-xml.ts";
import { renderFigure } from "../figure/render-svg.ts";
import { htmlTable } from "./html-table.ts";
import { STYLES } from "./styles.ts";

/** From this many sections on, a page begins with links to them. */
const SECTIONS_FOR_CONTENTS = 3;

/** One self-contained page of a checked document. It forbids itself to load anything, or to run a script. */
export async function htmlPage(document: ReportDocument, options: { readonly signal?: AbortSignal }): Promise<string> {
  const sections: string[] = [];
  for (const [index, section] of document.sections.entries()) sections.push(await htmlSection(section, index, options));
  const title = escapeXml(document.title);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<style>
${STYLES}
</style>
</head>
<body>
<header>
<h1>${title}</h1>
${document.summary ? paragraphs(document.summary, ' class="summary"') : ""}
${contents(document.sections)}
</header>
<main>
${sections.join("\n")}
</main>
${footer(document.provenance)}
</body>
</html>
`;
}

async function htmlSection(
  section: ReportSection,
  index: number,
  options: { readonly signal?: AbortSignal },
): Promise<string> {
  const items: string[] = [];
  for (const [itemIndex, item] of section.items.entries()) {
    const id = `figure-${index + 1}-${itemIndex + 1}`;
    items.push(item.kind === "table" ? htmlTable(item) : await htmlFigure(item, id, options));
  }
  return [
    `<section aria-labelledby="section-${index + 1}">`,
    `<h2 id="section-${index + 1}">${escapeXml(section.title)}</h2>`,
    section.text ? paragraphs(section.text) : "",
    items.length > 0 ? `<div class="items">\n${items.join("\n")}\n</div>` : "",
    "</section>",
  ]
    .filter(Boolean)
    .join("\n");
}

async function htmlFigure(figure: Picture, id: string, options: { readonly signal?: AbortSignal }): Promise<string> {
  const { svg, notes } = await renderFigure(figure, id, options);
  const caption = notes.length > 0 ? [endedSentence(figure.caption), ...notes].join(" ") : figure.caption;
  const isWide = figure.kind === "map" || (figure.kind === "figure" && figure.x.names !== undefined);
  return `<figure${isWide ? ' class="wide"' : ""}>\n${svg}\n<figcaption>${escapeXml(caption)}</figcaption>\n</figure>`;
}

function endedSentence(text: string): string {
  return /[.!?…]$/.test(text) ? text : `${text}.`;
}

/** Text with empty lines between paragraphs. */
function paragraphs(text: string, attributes: string = ""): string {
  return text
    .split(/\n\s*\n/)
    .map((paragraph) => `<p${attributes}>${escapeXml(paragraph.trim())}</p>`)
    .join("\n");
}

function contents(sections: readonly ReportSection[]): string {
  if (sections.length < SECTIONS_FOR_CONTENTS) return "";
  const links = sections.map(({ title }, index) => `<li><a href="#section-${index + 1}">${escapeXml(title)}</a></li>`);
  return `<nav aria-label="Sections"><ul>${links.join("")}</ul></nav>`;
}

function footer(provenance: ReportDocument["provenance"]): string {
  const facts = Object.entries(provenance ?? {});
  if (facts.length === 0) return "";
  const rows = facts.map(([name, value]) => `<dt>${escapeXml(name)}</dt><dd>${escapeXml(value)}</dd>`);
  return `<footer>\n<dl>\n${rows.join("\n")}\n</dl>\n</footer>`;
}
