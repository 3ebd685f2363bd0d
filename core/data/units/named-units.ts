import { describeNames } from "../../errors/nearest-names.ts";
import { ONE, parseDecimal, times, ZERO } from "./rational.ts";
import type { Unit } from "./unit.ts";
import { BASE_UNITS, PREFIXES, UNITS } from "./unit-table.ts";

/** Definitions by symbol, and by lower-case name, plurals included. */
const symbols = new Map<string, string>();
const names = new Map<string, string>();
for (const [definition, ownSymbols, ownNames] of UNITS) {
  for (const symbol of words(ownSymbols)) symbols.set(symbol, definition);
  for (const name of words(ownNames)) names.set(name, definition).set(plural(name), definition);
}

const bases = new Map<string, Unit>(
  BASE_UNITS.map((base, i) => [
    base,
    { scale: ONE, offset: ZERO, dimensions: BASE_UNITS.map((_, j) => (i === j ? 1 : 0)) },
  ]),
);
/** Units by definition, made on first use. */
const made = new Map<string, Unit>();

/** The unit of a name or symbol, with or without a prefix; `undefined` where there is none. */
export function namedUnit(word: string, parse: (definition: string) => Unit): Unit | undefined {
  const unprefixed = unitOf(word, parse);
  if (unprefixed) return unprefixed;
  for (const [name, prefixes, power] of PREFIXES) {
    const lower = word.toLowerCase();
    const prefix = lower.startsWith(name) ? name : prefixes.find((symbol) => word.startsWith(symbol));
    const unit = prefix === undefined ? undefined : unitOf(word.slice(prefix.length), parse);
    if (unit) return { ...unit, scale: times(unit.scale, parseDecimal(`1e${power}`)), offset: ZERO };
  }
  return undefined;
}

function unitOf(word: string, parse: (definition: string) => Unit): Unit | undefined {
  const base = bases.get(word);
  if (base) return base;
  const definition = symbols.get(word) ?? names.get(word.toLowerCase());
  if (definition === undefined) return undefined;
  const unit = made.get(definition) ?? parse(definition);
  made.set(definition, unit);
  return unit;
}

/** What might have been meant by a name that is none. */
export function nearestUnits(word: string): string {
  return describeNames(word, new Set([...BASE_UNITS, ...symbols.keys(), ...names.keys()]));
}

function words(text: string): readonly string[] {
  return text.split(" ").filter((word) => word !== "");
}

function plural(name: string): string {
  if (/[^aeiou]y$/.test(name)) return `${name.slice(0, -1)}ies`;
  return `${name}${/(s|x|z|ch|sh)$/.test(name) ? "es" : "s"}`;
}
