import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { createTwin, findVariable } from "../../../core/index.ts";
import { root as rootPlugin } from "../../../modules/root/index.ts";
import { FIXTURES, hasSamples, SAMPLES, useRoot } from "./shared.ts";

/** What uproot reads from our own fixtures; integers as text, as some have 64 bits. */
interface Truth {
  readonly entries: number;
  readonly branches: Readonly<
    Record<
      string,
      { readonly counts: readonly number[] | null; readonly values: readonly (string | number | boolean)[] }
    >
  >;
}
const truth: Truth = JSON.parse(readFileSync(join(FIXTURES, "types.json"), "utf8"));
const FEW = ["int32", "float64_jagged", "text"];

const { root } = useRoot();

describe("trees", () => {
  it("reads names beyond ASCII, and baskets that LZMA2 cut into pieces", async () => {
    await using file = await root.open(join(FIXTURES, "names.root"));
    const variable = findVariable(file, "/événements/énergie");
    expect(file.groups["événements"]?.attributes["title"]).toBe("à 7 TeV");
    const values = (await variable.read()).values();
    expect([...values]).toEqual(Array.from({ length: 30_000 }, (_, i) => (i * i * 9973) % 16777213));
  });

  for (const method of ["zlib", "plain", "lzma", "lz4", "zstd"]) {
    it(`reads every branch of types-${method}.root to the last bit`, async () => {
      await using file = await root.open(join(FIXTURES, `types-${method}.root`));
      for (const name of method === "zlib" ? Object.keys(truth.branches) : FEW) {
        const path = `/data/tree/${name}`;
        const { counts, values } = truth.branches[name] as Truth["branches"][string];
        if (counts)
          expect([...((await findVariable(file, `${path}/counts`).read()).values() as Uint32Array)]).toEqual(counts);
        const variable = findVariable(file, counts ? `${path}/values` : path);
        const array = await variable.read();
        expect(variable.dtype, name).toBe(name === "text" ? "string" : name.replace(/_.*/, ""));
        expect(
          [...array.values()].map((value) => plain(value, array.dtype)),
          name,
        ).toEqual(values);
      }
    });
  }

  it("reads only the baskets that a selection touches, and gives the same as a whole read", async () => {
    await using file = await root.open(join(FIXTURES, "types-zlib.root"));
    for (const path of ["float64", "float64_fixed", "float64_jagged/values", "float64_jagged/counts", "text"]) {
      const variable = findVariable(file, `/data/tree/${path}`);
      const [dim = ""] = variable.dims;
      const whole = await variable.read();
      for (const selection of [{ start: 38, stop: 43 }, { start: 1, step: 7 }, { start: 41, stop: 41 }, 39, -1]) {
        const expected = whole.slice({ [dim]: selection });
        const part = await variable.read({ [dim]: selection });
        expect([...part.values()], `${path} ${JSON.stringify(selection)}`).toEqual([...expected.values()]);
        expect(part.shape).toEqual(expected.shape);
      }
    }
  });

  it("hands out values that may be changed without changing what is read next", async () => {
    await using file = await root.open(join(FIXTURES, "types-zlib.root"));
    const variable = findVariable(file, "/data/tree/int32");
    const first = (await variable.read({ entry: { stop: 40 } })).values() as Int32Array;
    const kept = [...first];
    first.fill(0);
    expect([...((await variable.read({ entry: { stop: 40 } })).values() as Int32Array)]).toEqual(kept);
  });
});

describe("a file", () => {
  it("has the newest cycle under the plain name, and older ones by their number", async () => {
    await using file = await root.open(join(FIXTURES, "types-zlib.root"));
    expect(findVariable(file, "/hist/values").shape).toEqual([5]);
    expect(findVariable(file, "/hist;1/values").shape).toEqual([7]);
  });

  it("says what it does not show", async () => {
    await using file = await root.open(join(FIXTURES, "types-zlib.root"));
    expect(file.problems).toEqual([{ path: "/note", reason: "objects of TObjString are not shown" }]);
    expect(file.servedBy).toBe("direct");
  });

  it("is opened in a twin by its plugin", async () => {
    await using twin = await createTwin({ plugins: { files: rootPlugin() } });
    await using file = await twin.files.open(join(FIXTURES, "conformance.root"));
    expect((await findVariable(file, "/events/time").read({ entry: 3 })).at()).toBe(1.5);
  });

  it("is not written, and the error names what can be", async () => {
    await expect(root.write("new.root", await root.open(join(FIXTURES, "conformance.root")))).rejects.toMatchObject({
      code: "TWIN_FORMAT_READ_ONLY",
      message: expect.stringMatching(/\.h5.*\.nc.*\.zarr/),
    });
  });

  it.skipIf(!hasSamples)("of RNTuples is refused, and the error names the export", async () => {
    for (const name of ["ntpl001_staff_rntuple_v1-0-1-0.root", "test_1jag_int_float_rntuple_v1-0-0-0.root"]) {
      await expect(root.open(join(SAMPLES, name))).rejects.toMatchObject({
        code: "TWIN_ROOT_UNSUPPORTED",
        message: expect.stringContaining("twinloom root export"),
      });
    }
  });
});

/** As the truth has it. */
function plain(value: unknown, dtype: string): unknown {
  if (dtype === "bool") return value === 1;
  return dtype === "string" || dtype.startsWith("float") ? value : String(value);
}
