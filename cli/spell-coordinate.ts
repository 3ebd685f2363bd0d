import type { Variable } from "../core/index.ts";

/** Spells values of a coordinate for people: dates where it is a time. */
export async function spellCoordinate(coordinate: Variable | undefined): Promise<(value: number) => string> {
  const { cfTime, formatDate, isTimeUnit } = await import("../core/index.ts");
  if (!coordinate || !isTimeUnit(coordinate.unit)) return String;
  const { calendar } = coordinate.attributes;
  const time = cfTime({ unit: coordinate.unit, calendar: typeof calendar === "string" ? calendar : undefined });
  return (value) => formatDate(time.decode(value)).replace(/T00:00:00$/, "");
}
