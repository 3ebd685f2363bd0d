import { readdirSync, readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { contentDigest, type Dataset, findVariable, TwinError, type Variable, walk } from "../../../core/index.ts";
import { FIXTURES, hasSamples, SAMPLES, useRoot } from "./shared.ts";

const isLong = process.env["TWINLOOM_LONG"] === "1";
const VARIANTS = isLong ? 2000 : 120;

/** Damaged files may loop; this long without progress is a hang, and an error by code. */
const TIMEOUT_MS = 5000;
/** A damaged shape may claim anything; more than this is read in part. */
const MAX_ELEMENTS = 1e6;
/** What the bar allows beside what the test itself takes. */
const MAX_MEMORY_BYTES = 500e6;

const { root, path } = useRoot({ timeoutMs: TIMEOUT_MS });

it(`takes ${VARIANTS} damaged files for what they are: values or errors with a code`, {
  timeout: 1_800_000,
}, async () => {
  const samples = [
    "uproot-small-evnt-tree-fullsplit.root",
    "uproot-histograms.root",
    "uproot-vectorVectorDouble.root",
    "uproot-sample-6.20.04-zlib.root",
  ];
  const sources = [
    ...readdirSync(FIXTURES)
      .filter((name) => name.endsWith(".root"))
      .map((name) => join(FIXTURES, name)),
    ...(hasSamples ? samples.map((name) => join(SAMPLES, name)) : []),
  ].map((location) => ({ location, bytes: readFileSync(location) }));
  const random = xorshift(20_261_121);
  const outcomes: Record<string, number> = {};
  const count = (code: string): void => {
    outcomes[code] = (outcomes[code] ?? 0) + 1;
  };
  await (await root.open(join(FIXTURES, "conformance.root"))).close();
  const [descriptors, memory] = [openDescriptors(), process.memoryUsage.rss()];
  for (let i = 0; i < VARIANTS; i++) {
    const source = sources[i % sources.length] as (typeof sources)[number];
    await writeFile(path("fuzz.root"), damaged(source.bytes, random));
    await tryFile(path("fuzz.root"), `${source.location}, variant ${i}`, count);
    expect(process.memoryUsage.rss() - memory, `memory after variant ${i}`).toBeLessThan(MAX_MEMORY_BYTES);
  }
  expect(openDescriptors() - descriptors).toBeLessThanOrEqual(0);
  if (process.env["TWINLOOM_FUZZ_REPORT"]) process.stderr.write(`${JSON.stringify(outcomes)}\n`);
});

it("tells a damaged basket from a right one, whichever byte of it is wrong", async () => {
  // Each method has a checksum of its own, but for what is not compressed.
  for (const method of ["zlib", "lz4", "lzma"]) {
    const location = join(FIXTURES, `types-${method}.root`);
    const bytes = readFileSync(location);
    await using good = await root.open(location);
    const expected = await contentDigest(only(findVariable(good, "/data/tree/float64_jagged/values")));
    const at = basketOf(bytes, "float64_jagged");
    let failed = 0;
    for (let shift = 90; shift < 400; shift += 13) {
      const copy = Buffer.from(bytes);
      copy[at + shift] = (copy[at + shift] as number) ^ 0x10;
      await writeFile(path("basket.root"), copy);
      await using file = await root.open(path("basket.root"));
      const variable = findVariable(file, "/data/tree/float64_jagged/values");
      const outcome = await contentDigest(only(variable)).catch((error: unknown) => {
        expect(error).toBeInstanceOf(TwinError);
        failed++;
        return expected;
      });
      expect(outcome, `${method}, byte ${shift}`).toBe(expected);
    }
    expect(failed, method).toBeGreaterThan(10);
  }
});

/** A dataset of one variable, to compare the values by their digest. */
function only(variable: Variable): Dataset {
  return { name: "", dims: {}, variables: { [variable.name]: variable }, coordinates: [], attributes: {}, groups: {} };
}

/** Where the first basket of a branch begins: its header has the name of the class and that of the branch. */
function basketOf(bytes: Buffer, branch: string): number {
  const name = bytes.indexOf(Buffer.from(`\x07TBasket${String.fromCharCode(branch.length)}${branch}`, "latin1"));
  expect(name).toBeGreaterThan(0);
  return name - 26;
}

async function tryFile(location: string, what: string, count: (code: string) => void): Promise<void> {
  try {
    await using file = await root.open(location);
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
