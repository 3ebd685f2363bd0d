import type { Table } from "../../../core/index.ts";
import { escapeXml } from "../escape-xml.ts";
import { cellText } from "./number-text.ts";

/** A table: text to the left, numbers to the right, units in the head. */
export function htmlTable({ caption, columns, rows }: Table): string {
  const numeric = columns.map((_, index) => rows.every((row) => typeof row[index] !== "string"));
  const classOf = (index: number): string => (numeric[index] ? ' class="number"' : "");
  const head = columns.map(({ name, unit }, index) => {
    const unitText = unit ? ` <span class="unit">[${escapeXml(unit)}]</span>` : "";
    return `<th scope="col"${classOf(index)}>${escapeXml(name)}${unitText}</th>`;
  });
  const body = rows.map((row) => {
    const cells = row.map((cell, index) => {
      const text = escapeXml(cellText(cell, columns[index]?.digits));
      return index === 0 && !numeric[0] ? `<th scope="row">${text}</th>` : `<td${classOf(index)}>${text}</td>`;
    });
    return `<tr>${cells.join("")}</tr>`;
  });
  return [
    '<div class="table"><table>',
    `<caption>${escapeXml(caption)}</caption>`,
    `<thead><tr>${head.join("")}</tr></thead>`,
    `<tbody>${body.join("\n")}</tbody>`,
    "</table></div>",
  ].join("\n");
}
