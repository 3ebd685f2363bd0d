import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { DAMAGES, type Damage, damaged } from "./damage.ts";
import { seededRandom } from "./random.ts";
import { FORMATS, type Format, type Seed } from "./seeds.ts";

/** A damaged file: the same for the same number and the same seeds. */
export interface Case {
  readonly number: number;
  readonly format: Format;
  readonly seed: string;
  readonly damage: Damage;
  readonly location: string;
}

/** File names of the formats, by which some readers go. */
const NAMES: Readonly<Record<Format, string>> = {
  netcdf3: "damaged.nc",
  netcdf4: "damaged.nc",
  hdf5: "damaged.h5",
  root: "damaged.root",
  csv: "damaged.csv",
  zarr: "damaged.zarr",
};

/** Writes the damaged file of a number into a folder that it has to itself. */
export function writeCase(number: number, seeds: readonly Seed[], folder: string): Case {
  const random = seededRandom(number);
  const format = FORMATS[number % FORMATS.length] as Format;
  const damage = DAMAGES[Math.floor(number / FORMATS.length) % DAMAGES.length] as Damage;
  const fitting = seeds.filter((seed) => seed.format === format);
  const seed = fitting[random(fitting.length)] as Seed;
  const location = join(folder, NAMES[format]);
  rmSync(location, { recursive: true, force: true });
  const paths = [...seed.files.keys()];
  const victim = paths[random(paths.length)] as string;
  for (const [path, bytes] of seed.files) {
    const target = join(location, path);
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, path === victim ? damaged(bytes, damage, random) : bytes);
  }
  return { number, format, seed: seed.name, damage, location };
}
