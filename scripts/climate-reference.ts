import type { IndexDefinition, IndexInput } from "../thematic/climate/index.ts";
import { droughtIndices } from "../thematic/climate/indices/drought/index.ts";
import { fireIndices } from "../thematic/climate/indices/fire/index.ts";
import { percentileIndices } from "../thematic/climate/indices/percentile/index.ts";
import { precipitationIndices } from "../thematic/climate/indices/precipitation.ts";
import { temperatureIndices } from "../thematic/climate/indices/temperature.ts";

/** Indices under one heading. */
interface IndexFamily {
  readonly title: string;
  readonly indices: readonly IndexDefinition[];
}

/** In the order of the page. */
export const INDEX_FAMILIES: readonly IndexFamily[] = [
  { title: "Temperature, heat waves, frost", indices: temperatureIndices },
  { title: "Precipitation", indices: precipitationIndices },
  { title: "Percentiles of a base period", indices: percentileIndices },
  { title: "Drought", indices: droughtIndices },
  { title: "Fire weather", indices: fireIndices },
];

/** The page `docs/reference/climate-indices.md`, of what the definitions say about themselves. */
export function climateReference(families: readonly IndexFamily[]): string {
  return `${[
    "# Climate indices",
    "Each index: what it counts, from what, by which source, which program it follows and where others differ. Made by `scripts/make-climate-reference.ts` from the definitions themselves; `twinloom climate indices <name>` says the same.",
    CONVENTIONS,
    table(
      ["index", "what", "unit", "from", "periods", "follows"],
      families.flatMap(({ indices }) => indices.map(overviewRow)),
    ),
    ...families.flatMap(({ title, indices }) => [`## ${title}`, ...indices.map(indexText)]),
  ].join("\n\n")}\n`;
}

const CONVENTIONS = `For all of them:

- \`climateIndex(dataset, "TX90p", { … })\` and \`twinloom climate index TX90p files… --out out.nc\` compute the same. Letters may be in
  either case, and the names in brackets are known, too.
- Inputs are found by their usual name, or by standard name and \`cell_methods\`; \`variables\` (\`--var tasmax=tx\`) says which otherwise. They are
  converted to the unit given here; what cannot be is refused.
- \`frequency\` (\`--freq\`) is \`YS\`, \`YS-JUL\`, \`QS-DEC\`, \`MS\` and others, in all CF calendars. \`period\` (\`--period\`) is the base
  period; all of the data, where none is given. Parameters are changed by \`parameters\` (\`--set threshold=30\`).
- A period with a missing step has no value (\`missing: "any"\`); \`"skip"\`, \`"wmo"\` and \`{ percent }\` are the other rules.
- Counts of days have the unit \`day\`; \`days\` is taken for a time difference by xarray.
- A threshold is rounded as the values are: 273.15 K in float32 is no frost.`;

function overviewRow({ name, title, unit, inputs, frequency, peers }: IndexDefinition): readonly string[] {
  const from = inputs.filter(({ isConstant }) => !isConstant).map((input) => `\`${input.name}\``);
  return [`[${name}](#${anchor(name)})`, title, unit, from.join(", "), `\`${frequency}\``, peers.follows];
}

function indexText(index: IndexDefinition): string {
  const { name, aliases = [], title, definition, source, peers, inputs, unit, frequency, along } = index;
  const differences = Object.entries(peers.differences).map(([program, text]) => `${program}: ${sentence(text)}`);
  const facts: readonly (readonly [string, string])[] = [
    ["from", inputs.map(inputText).join("; ")],
    ["unit", unit],
    ["periods", periodsText(index)],
    ["`cell_methods`", `\`${index.cellMethods}\``],
    ["source", sentence(source)],
    ["follows", peers.follows],
    ...differences.map((text, number): [string, string] => [number === 0 ? "others differ" : "", text]),
  ];
  const parameters = Object.entries(index.parameters ?? {}).map(
    ([parameter, { default: value, unit: of, description }]) => [
      `\`${parameter}\``,
      `${value}${of === "1" ? "" : ` ${of}`}`,
      description,
    ],
  );
  return [
    `### ${name}`,
    `**${title}**${aliases.length > 0 ? ` (${aliases.map((alias) => `\`${alias}\``).join(", ")})` : ""}. ${definition}`,
    table(
      ["", ""],
      facts.map((fact) => [...fact]),
    ),
    ...(parameters.length > 0 ? [table(["parameter", "default", ""], parameters)] : []),
  ].join("\n\n");

  function periodsText({ frequencies, steps = "day", base }: IndexDefinition): string {
    const of =
      along === "steps" ? "a value for each day" : `\`${frequency}\`${frequencies ? " only" : ", or any other"}`;
    return `${of}, of steps of a ${steps.replace("or month", "or a month")}${base ? "; has a base period" : ""}`;
  }
}

function inputText({ name, standardName, otherStandardNames = [], unit, cellMethod, isConstant }: IndexInput): string {
  const names = [standardName, ...otherStandardNames].map((each) => `\`${each}\``).join(" or ");
  const method = cellMethod ? `, ${cellMethod} of the day` : "";
  return `\`${name}\` (${names}${method}) in ${unit}${isConstant ? ", a coordinate" : ""}`;
}

function sentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}

function anchor(name: string): string {
  return name.toLowerCase();
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|").replaceAll("<", "&lt;")).join(" | ")} |`;
  return [line(head), `|${"---|".repeat(head.length)}`, ...rows.map(line)].join("\n");
}
