import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { TwinError } from "../../../core/index.ts";
import { FIXTURES, newCsv, useFolder } from "./shared.ts";

const VARIANTS = process.env["TWINLOOM_LONG"] === "1" ? 5000 : 500;
const path = useFolder();

it(`takes ${VARIANTS} damaged tables for what they are: the values of their text, or errors with a code`, {
  timeout: 600_000,
}, async () => {
  const random = xorshift(20_261_121);
  const csv = newCsv({ maxRecordBytes: 10_000 });
  const sources = await Promise.all(["kinds.csv", "kinds-quoted.csv"].map((name) => readFile(join(FIXTURES, name))));
  const outcomes = { read: 0, compared: 0, refused: 0 };
  const before = process.memoryUsage().rss;
  for (let i = 0; i < VARIANTS; i++) {
    const bytes = damaged(sources[i % 2] as Buffer, random);
    await writeFile(path("damaged.csv"), bytes);
    try {
      await using file = await csv.open(path("damaged.csv"));
      const columns = new Map<string, ArrayLike<unknown>>();
      for (const variable of Object.values(file.variables))
        columns.set(variable.name, (await variable.read()).values());
      outcomes.read++;
      const text = bytes.toString("utf8");
      // Without quotes a table is lines and commas, and this test can read it by itself.
      if (text.includes('"')) continue;
      const lines = text.split(/\r?\n/).filter((line) => line !== "");
      const singles = lines.slice(1).map((line) => line.split(",")[1]);
      expect(Array.from(columns.get("single") ?? [], String), `variant ${i}`).toEqual(
        file.variables["single"]?.dtype === "string"
          ? singles
          : singles.map((each) => String(each === "" ? NaN : Number(each))),
      );
      outcomes.compared++;
    } catch (error) {
      if (!(error instanceof TwinError)) throw new Error(`variant ${i}: an error without a code`, { cause: error });
      outcomes.refused++;
    }
  }
  expect(outcomes.compared).toBeGreaterThan(VARIANTS / 20);
  expect(outcomes.refused).toBeGreaterThan(VARIANTS / 10);
  expect(process.memoryUsage().rss - before).toBeLessThan(300e6);
});

/** Some bits flipped, or cut short, or a stretch replaced by one character. */
function damaged(source: Buffer, random: () => number): Buffer {
  const copy = Buffer.from(source);
  // Beyond the header, so that the column that is compared keeps its name.
  const place = (): number => 80 + (random() % (copy.length - 80));
  const kind = random() % 4;
  if (kind === 0) return copy.subarray(0, place());
  if (kind === 1) {
    const at = place();
    return copy.fill('0,\n"x-e'.charAt(random() % 7), at, at + 1 + (random() % 6));
  }
  for (let flips = 1 + (random() % 2); flips > 0; flips--) {
    const at = place();
    copy[at] = (copy[at] as number) ^ (1 << (random() % 7));
  }
  return copy;
}

/** The same numbers each run. */
function xorshift(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}
