import { copyFile, mkdtemp, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { testConnector } from "twinloom/testing";
import { describe } from "vitest";
import { dataset, NdArray } from "../../../core/index.ts";
import { FIXTURES, newCsv } from "./shared.ts";

const about = { shape: [9], dims: ["row"] };
const names = ["", "a", "b,c", 'say "d"', "two\nlines", "Größe", "粒子", " space ", "é"];

/** What scripts/make-csv-fixtures.py writes into conformance.csv by pandas. */
const truth = dataset({
  variables: {
    row: new NdArray(
      Float64Array.from({ length: 9 }, (_, i) => i * 0.5),
      { dtype: "float64", ...about, unit: "s" },
    ),
    energy: new NdArray(
      Float64Array.from({ length: 9 }, (_, i) => i * -0.25),
      {
        dtype: "float64",
        ...about,
        unit: "MeV",
      },
    ),
    count: new NdArray(
      BigInt64Array.from({ length: 9 }, (_, i) => BigInt(i) << 40n),
      { dtype: "int64", ...about },
    ),
    number: new NdArray(
      Int32Array.from({ length: 9 }, (_, i) => i - 4),
      { dtype: "int32", ...about },
    ),
    flag: new NdArray(
      Uint8Array.from({ length: 9 }, (_, i) => (i % 3 === 0 ? 1 : 0)),
      { dtype: "bool", ...about },
    ),
    name: new NdArray(names, { dtype: "string", ...about }),
  },
});

describe.each(["csv", "tsv"])("tables in .%s", (ending) => {
  testConnector(async () => {
    const folder = await mkdtemp(join(tmpdir(), "twinloom-csv-"));
    const location = join(FIXTURES, "conformance.csv");
    const short = join(folder, "short.csv");
    await copyFile(location, short);
    await truncate(short, 100);
    const binary = join(folder, "binary.csv");
    await writeFile(binary, new Uint8Array(100));
    const empty = join(folder, "empty.csv");
    await writeFile(empty, "");
    let count = 0;
    return {
      connector: newCsv({ cacheBytes: 1e6 }),
      location,
      truth,
      isTable: true,
      dtypes: ["float64", "int32", "int64", "uint64", "bool", "string"],
      newLocation: () => join(folder, `new-${++count}.${ending}`),
      unreadable: [short, binary, empty],
      dispose: () => rm(folder, { recursive: true, force: true }),
    };
  });
});
