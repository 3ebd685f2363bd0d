import { readdirSync, readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { TwinError, walk } from "../../../core/index.ts";
import { FIXTURES, useNetcdf } from "./shared.ts";

const VARIANTS = process.env["TWINLOOM_LONG"] === "1" ? 10_000 : 1000;
/** A damaged shape may claim anything; more than this is read in part. */
const MAX_ELEMENTS = 1e6;
/** Memory may grow by so much, collected or not. */
const MAX_GROWTH_BYTES = 300e6;

const { netcdf, path } = useNetcdf();

it(`takes ${VARIANTS} damaged classic files for what they are: values or errors with a code`, {
  timeout: 600_000,
}, async () => {
  const sources = fixtures(/^(types|sole|conformance-cdf).*\.nc$/);
  const before = process.memoryUsage().rss;
  const { outcomes, mostBytes } = await tryVariants(sources, { variants: VARIANTS, headerBytes: 400 });
  expect(mostBytes - before).toBeLessThan(MAX_GROWTH_BYTES);
  for (const outcome of ["opened", "read", "TWIN_FILE_UNREADABLE", "TWIN_READ_FAILED"]) {
    expect(outcomes.get(outcome), outcome).toBeGreaterThan(0);
  }
});

it(`takes ${VARIANTS / 20} damaged NetCDF-4 files for what they are`, { timeout: 600_000 }, async () => {
  const sources = fixtures(/^(features|conformance-nc4|plain).*\.nc$/);
  const { outcomes } = await tryVariants(sources, { variants: VARIANTS / 20, headerBytes: 20_000 });
  for (const outcome of ["opened", "read"]) expect(outcomes.get(outcome), outcome).toBeGreaterThan(0);
});

function fixtures(names: RegExp): Buffer[] {
  return readdirSync(FIXTURES)
    .filter((name) => names.test(name))
    .map((name) => readFileSync(join(FIXTURES, name)));
}

/** Opens damaged copies and reads what is in them. @returns How often what came of it. */
async function tryVariants(
  sources: readonly Buffer[],
  { variants, headerBytes }: { readonly variants: number; readonly headerBytes: number },
): Promise<{ readonly outcomes: ReadonlyMap<string, number>; readonly mostBytes: number }> {
  const random = xorshift(20_261_121);
  const outcomes = new Map<string, number>();
  const count = (outcome: string): void => {
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
  };
  let mostBytes = 0;
  for (let i = 0; i < variants; i++) {
    const bytes = damaged(sources[i % sources.length] as Buffer, headerBytes, random);
    await writeFile(path("damaged.nc"), bytes);
    try {
      await using file = await netcdf.open(path("damaged.nc"), { decode: i % 2 === 0 });
      count("opened");
      for (const variable of walk(file)) {
        const size = variable.shape.reduce((product, length) => product * length, 1);
        const selection = size > MAX_ELEMENTS ? Object.fromEntries(variable.dims.map((dim) => [dim, 0])) : {};
        await variable.read(selection).then(
          (array) => {
            // Values that a classic file has no room for would be made up.
            const isClassic = bytes[0] === 0x43 && array.dtype !== "string";
            if (isClassic) expect(array.size, variable.path).toBeLessThanOrEqual(bytes.length);
            count("read");
          },
          (error: unknown) => count(codeOf(error, `variant ${i}, ${variable.path}`)),
        );
      }
    } catch (error) {
      count(codeOf(error, `variant ${i}`));
    }
    mostBytes = Math.max(mostBytes, process.memoryUsage().rss);
  }
  return { outcomes, mostBytes };
}

function codeOf(error: unknown, what: string): string {
  if (error instanceof TwinError) return error.code;
  throw new Error(`${what}: an error without a code`, { cause: error });
}

/** A copy with some bits flipped, a count blown up, cut short, or with a stretch of zeros. Most damage is in the header. */
function damaged(bytes: Buffer, headerBytes: number, random: (below: number) => number): Buffer {
  const copy = Buffer.from(bytes);
  const place = (): number => random(random(4) === 0 ? copy.length : Math.min(copy.length, headerBytes));
  switch (random(5)) {
    case 0:
      return copy.subarray(0, 1 + random(copy.length));
    case 1: {
      const start = place();
      return copy.fill(0, start, Math.min(copy.length, start + 1 + random(32)));
    }
    case 2: {
      const at = 4 * Math.floor(place() / 4);
      copy.writeUInt32BE(
        [0xffff_ffff, 0x7fff_ffff, 0x8000_0000, 0x00ff_ffff][random(4)] as number,
        Math.min(at, copy.length - 4),
      );
      return copy;
    }
    default:
      for (let n = 1 + random(6); n > 0; n--) {
        const at = place();
        copy[at] = (copy[at] as number) ^ (1 << random(8));
      }
      return copy;
  }
}

/** Numbers that are the same in every run. */
function xorshift(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}
