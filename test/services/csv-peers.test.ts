import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createTwin, dataset, NdArray } from "../../core/index.ts";
import { csv } from "../../modules/csv/index.ts";

const python = fileURLToPath(new URL("../../.venv/bin/python", import.meta.url));
const isRequired = process.env["TWINLOOM_REQUIRE_SERVICES"] === "1";

// Without the environment this is skipped; scripts/python-venv.sh makes it.
describe.skipIf(!existsSync(python) && !isRequired)("tables and pandas (needs scripts/python-venv.sh)", () => {
  let folder = "";
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "twinloom-peers-"));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it("pandas reads the values that we write, to the last digit", async () => {
    const about = { shape: [1000], dims: ["row"] };
    const floats = Float64Array.from({ length: 1000 }, (_, i) =>
      i % 9 === 0 ? Number.NaN : Math.sin(i) * 10 ** (i % 60) - 30,
    );
    const longs = BigInt64Array.from({ length: 1000 }, (_, i) => BigInt(i) ** 6n - 2n ** 60n);
    const texts = Array.from({ length: 1000 }, (_, i) => ["a", 'b "c"', "d,e", "f\ng", "Größe 粒子"][i % 5] as string);
    const gaps = Int32Array.from({ length: 1000 }, (_, i) => (i % 4 === 0 ? -1 : i));
    await using twin = await createTwin({ plugins: { tables: csv() } });
    const file = join(folder, "ours.csv");
    await twin.tables.write(
      file,
      dataset({
        variables: {
          x: new NdArray(floats, { dtype: "float64", ...about, unit: "MeV" }),
          n: new NdArray(longs, { dtype: "int64", ...about }),
          g: new NdArray(gaps, { dtype: "int32", ...about, fillValue: -1 }),
          s: new NdArray(texts, { dtype: "string", ...about }),
          b: new NdArray(
            Uint8Array.from(gaps, (gap) => (gap < 0 ? 1 : 0)),
            { dtype: "bool", ...about },
          ),
        },
      }),
    );
    const script = `
import sys, json, pandas as pd
t = pd.read_csv(sys.argv[1], dtype={"g": "Int64"})
print(json.dumps({"columns": list(t.columns), "x": [None if v != v else repr(float(v)) for v in t["x [MeV]"]], "n": [str(v) for v in t["n"]],
  "g": [None if v is pd.NA else int(v) for v in t["g"]], "s": t["s"].tolist(), "b": t["b"].tolist()}))`;
    const theirs = JSON.parse(execFileSync(python, ["-c", script, file], { encoding: "utf8", maxBuffer: 64e6 }));
    expect(theirs.columns).toEqual(["x [MeV]", "n", "g", "s", "b"]);
    expect(theirs.x.map((each: string | null) => (each === null ? Number.NaN : Number(each)))).toEqual([...floats]);
    expect(theirs.n).toEqual(Array.from(longs, String));
    expect(theirs.g).toEqual(Array.from(gaps, (gap) => (gap < 0 ? null : gap)));
    expect(theirs.s).toEqual(texts);
    expect(theirs.b).toEqual(Array.from(gaps, (gap) => gap < 0));
  });
});
