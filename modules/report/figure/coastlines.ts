import { createRequire } from "node:module";
import { importOptional } from "../../../core/index.ts";

/** Wider maps than this, in degrees, do not show the finer coastlines. */
const FINE_BELOW = 100;

/** A line on the ground: pairs of degrees east and north. */
export type GroundLine = readonly (readonly [longitude: number, latitude: number])[];

/** What is read of a TopoJSON file. @see The TopoJSON Format Specification, sections 2.1.1 and 2.1.4. */
interface Topology {
  readonly arcs: readonly (readonly (readonly [number, number])[])[];
  readonly transform: { readonly scale: readonly [number, number]; readonly translate: readonly [number, number] };
}

/**
 * The coastlines of the world: Natural Earth's (public domain), 1:110m for wide maps and 1:50m for others.
 *
 * @param width - Of the map, degrees.
 * @throws `TWIN_PACKAGE_MISSING` when world-atlas is not installed.
 */
export async function coastlines(width: number): Promise<readonly GroundLine[]> {
  const file = `world-atlas/land-${width < FINE_BELOW ? "50m" : "110m"}.json`;
  // Not by import: older Node.js warn about JSON that is imported.
  const topology = await importOptional(async () => createRequire(import.meta.url)(file) as Topology, {
    package: "world-atlas",
    install: "npm install world-atlas@2",
    neededBy: "Drawing maps",
  });
  return topology.arcs.flatMap((arc) => cutAtDateLine(decodeArc(arc, topology.transform)));
}

/** Each place is given by its distance from the one before. */
function decodeArc(arc: Topology["arcs"][number], { scale, translate }: Topology["transform"]): GroundLine {
  let [x, y] = [0, 0];
  return arc.map(([dx, dy]) => {
    x += dx;
    y += dy;
    return [x * scale[0] + translate[0], y * scale[1] + translate[1]];
  });
}

/** A line that goes on at the other edge of the map is two lines. */
function cutAtDateLine(line: GroundLine): readonly GroundLine[] {
  const parts: (readonly [number, number])[][] = [[]];
  let before: readonly [number, number] | undefined;
  for (const place of line) {
    if (before && Math.abs(place[0] - before[0]) > 180) parts.push([]);
    parts.at(-1)?.push(place);
    before = place;
  }
  return parts.filter(({ length }) => length > 1);
}
