import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { cpus } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { TwinError, walk } from "../../../core/index.ts";
import { FIXTURES, useHdf5 } from "./shared.ts";

const isLong = process.env["TWINLOOM_LONG"] === "1";
const VARIANTS = isLong ? 1000 : 60;

/** Damaged files may loop; this long without progress is a hang, and an error by code. */
const TIMEOUT_MS = 5000;
/** A damaged shape may claim anything; more than this is read in part. */
const MAX_ELEMENTS = 1e6;

const { hdf5, path } = useHdf5({ timeoutMs: TIMEOUT_MS });

it(`takes ${VARIANTS} damaged files for what they are: values or errors with a code`, {
  timeout: 1_800_000,
}, async () => {
  const sources = readdirSync(FIXTURES)
    .filter((name) => name.endsWith(".h5"))
    .map((name) => ({ name, bytes: readFileSync(join(FIXTURES, name)) }));
  const random = xorshift(20_260_801);
  const codes: Record<string, number> = {};
  const count = (code: string): void => {
    codes[code] = (codes[code] ?? 0) + 1;
  };
  // The first open starts the worker, whose own descriptors are no leak.
  await (await hdf5.open(join(FIXTURES, "numbers.h5"))).close();
  const before = openDescriptors();
  for (let i = 0; i < VARIANTS; i++) {
    const source = sources[i % sources.length] as (typeof sources)[number];
    await writeFile(path("fuzz.h5"), damaged(source.bytes, random));
    await tryFile(path("fuzz.h5"), `${source.name}, variant ${i}`, count);
  }
  // Workers that were replaced take their descriptors with them.
  expect(openDescriptors() - before).toBeLessThanOrEqual(0);
  const [cpu] = cpus();
  if (!isLong) return;
  const folder = fileURLToPath(new URL("../../../docs/measurements/", import.meta.url));
  mkdirSync(folder, { recursive: true });
  const record = {
    what: "Damaged variants of the files in test/fixtures/hdf5, opened and read; outcomes by code, counted per open and per variable",
    date: new Date().toISOString().slice(0, 10),
    node: process.version,
    cpu: `${cpu?.model} (${cpus().length} cores)`,
    variants: VARIANTS,
    crashes: 0,
    descriptorsLeaked: 0,
    outcomes: Object.fromEntries(Object.entries(codes).sort(([a], [b]) => (a < b ? -1 : 1))),
  };
  writeFileSync(join(folder, "hdf5-fuzz.json"), `${JSON.stringify(record, undefined, 2)}\n`);
});

async function tryFile(location: string, what: string, count: (code: string) => void): Promise<void> {
  try {
    await using file = await hdf5.open(location);
    count("opened");
    for (const variable of walk(file)) {
      const isLarge = variable.shape.reduce((product, length) => product * length, 1) > MAX_ELEMENTS;
      const selection = isLarge ? Object.fromEntries(variable.dims.map((dim) => [dim, 0])) : {};
      await variable.read(selection).then(
        () => count("read"),
        (error: unknown) => count(codeOf(error, `${what}, ${variable.path}`)),
      );
    }
  } catch (error) {
    count(codeOf(error, what));
  }
}

function codeOf(error: unknown, what: string): string {
  if (error instanceof TwinError) return error.code;
  throw new Error(`${what}: an error without a code`, { cause: error });
}

/** A copy with some bits flipped, or cut short, or with a stretch of zeros. */
function damaged(bytes: Buffer, random: (below: number) => number): Buffer {
  const copy = Buffer.from(bytes);
  switch (random(4)) {
    case 0:
      return copy.subarray(0, random(copy.length));
    case 1: {
      const start = random(copy.length);
      return copy.fill(0, start, Math.min(copy.length, start + 1 + random(64)));
    }
    default:
      // Most of a small file is metadata, which is where damage hurts.
      for (let n = 1 + random(8); n > 0; n--) {
        const at = random(copy.length);
        copy[at] = (copy[at] as number) ^ (1 << random(8));
      }
      return copy;
  }
}

function openDescriptors(): number {
  return process.platform === "linux" ? readdirSync("/proc/self/fd").length : 0;
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
