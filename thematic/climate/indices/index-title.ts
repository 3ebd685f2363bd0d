import type { IndexDefinition } from "./definition.ts";

/**
 * The title of an index with the numbers that it was computed with: "above 30 degC" where the definition says "above 25 degC". What
 * the title does not tell is put at its end.
 *
 * @param parameters - All of them, by name.
 */
export function indexTitle(
  { title, parameters: known = {} }: Pick<IndexDefinition, "title" | "parameters">,
  parameters: Readonly<Record<string, number>>,
): string {
  let told = title;
  const others: string[] = [];
  for (const [name, { default: usual, unit }] of Object.entries(known)) {
    const value = parameters[name] ?? usual;
    if (value === usual) continue;
    // Amounts of a day are said as amounts.
    const inTitle = new RegExp(`(?<![\\d.-])${usual} (?=${unit.replace("/day", "")})`);
    if (inTitle.test(told)) told = told.replace(inTitle, `${value} `);
    else others.push(`${name} ${value}${unit === "1" ? "" : ` ${unit}`}`);
  }
  return others.length === 0 ? told : `${told}, with ${others.join(", ")}`;
}
