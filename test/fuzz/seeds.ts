import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";

export const FORMATS = ["netcdf3", "netcdf4", "hdf5", "root", "csv", "zarr"] as const;
export type Format = (typeof FORMATS)[number];

/** A sound file, or the files of a store, from which damaged ones are made. */
export interface Seed {
  readonly name: string;
  readonly format: Format;
  /** Contents by path; `""` for a single file. */
  readonly files: ReadonlyMap<string, Buffer>;
}

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** Larger files take long to copy, and most of them is values. */
const MAX_BYTES = 120_000;

/** Our own fixtures; those of `fuzz` are written by scripts/make-fuzz-fixtures.py. */
export function findSeeds(): readonly Seed[] {
  return ["fuzz", "hdf5", "netcdf", "zarr"].flatMap((name) => seedsIn(here(`../fixtures/${name}`), `fixtures/${name}`));
}

/** Sample files of others, which not every checkout has; kept apart so that case numbers mean the same without them. */
export function findSamples(): readonly Seed[] {
  const shared = here("../../../shared/data");
  if (!existsSync(shared)) return [];
  const folders = ["hdf5", "root", ...readdirSync(join(shared, "netcdf")).map((name) => `netcdf/${name}`)];
  return folders
    .filter((name) => statSync(join(shared, name)).isDirectory())
    .flatMap((name) => seedsIn(join(shared, name), name));
}

function seedsIn(folder: string, label: string): Seed[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .toSorted()
    .flatMap((name) => {
      const files = filesOf(join(folder, name));
      const format = formatOf(name, files);
      const bytes = [...files.values()].reduce((sum, file) => sum + file.length, 0);
      return format === undefined || bytes > MAX_BYTES ? [] : [{ name: `${label}/${name}`, format, files }];
    });
}

function formatOf(name: string, files: ReadonlyMap<string, Buffer>): Format | undefined {
  const head = files.get("")?.toString("latin1", 0, 4);
  if (name.endsWith(".zarr")) return "zarr";
  if (head?.startsWith("CDF")) return "netcdf3";
  if (name.endsWith(".nc")) return "netcdf4";
  if (name.endsWith(".h5") || name.endsWith(".bin")) return "hdf5";
  if (name.endsWith(".root")) return "root";
  return name.endsWith(".csv") ? "csv" : undefined;
}

function filesOf(path: string): ReadonlyMap<string, Buffer> {
  if (statSync(path).isFile()) return new Map([["", readFileSync(path)]]);
  const inside = readdirSync(path, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = inside.map((entry) => relative(path, join(entry.parentPath, entry.name))).toSorted();
  return new Map(paths.map((name) => [name, readFileSync(join(path, name))]));
}
