import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Dataset, findVariable, type NdArray, type Variable, walk } from "../../core/index.ts";
import { Hdf5 } from "../../modules/hdf5/hdf5.ts";
import { type ExportRootOptions, type ExportRootResult, exportRoot } from "../../modules/root/index.ts";
import { Root } from "../../modules/root/root.ts";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const python = here("../../.venv/bin/python");
const isRequired = process.env["TWINLOOM_REQUIRE_SERVICES"] === "1";
const FIXTURES = here("../fixtures/root/");
const SAMPLES = here("../../../shared/data/root/");
const hasSamples = existsSync(SAMPLES);

const ABOUT = { time: "2026-11-21T12:00:00Z", exportedBy: "twinloom test", command: "twinloom root export" };

// Without the environment this is skipped; scripts/python-venv.sh makes it. The export makes its own, beside it.
describe.skipIf(!existsSync(python) && !isRequired)(
  "ROOT files exported by uproot (needs scripts/python-venv.sh)",
  () => {
    const hdf5 = new Hdf5({ cacheBytes: 64e6, timeoutMs: 60_000 });
    const root = new Root({ cacheBytes: 64e6, timeoutMs: 60_000 });
    let folder = "";

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), "twinloom-export-"));
    });
    afterAll(async () => {
      await hdf5.stop();
      await root.stop();
      await rm(folder, { recursive: true, force: true });
    });

    const run = async (source: string, options: Partial<ExportRootOptions> = {}): Promise<ExportRootResult> =>
      await exportRoot(source, join(folder, "out.h5"), {
        ...ABOUT,
        python,
        cacheFolder: here("../../.venv/twinloom-cache"),
        existing: "replace",
        ...options,
      });

    const files = [
      ...["conformance.root", "types-zlib.root"].map((name) => join(FIXTURES, name)),
      ...(hasSamples
        ? readdirSync(SAMPLES).filter((name) => name.endsWith(".root") && !name.includes("rntuple"))
        : []
      ).map((name) => join(SAMPLES, name)),
    ];
    it.each(files)("%s: opens through modules/hdf5 and has every value that we read ourselves", async (source) => {
      // Small steps, so that trees are written in many pieces.
      const { skipped } = await run(source, { stepBytes: source.includes("issue79") ? 1e6 : 20e3 });
      expect(skipped).toEqual({});
      await using exported = await hdf5.open(join(folder, "out.h5"));
      await using direct = await root.open(source);
      for (const variable of walk(direct)) {
        // Older cycles are not exported, nor are the sums behind the means of profiles.
        if (/;\d+\/|\/sums|\/sum_squares/.test(variable.path)) continue;
        const other = lookUp(exported, variable.path);
        expect(other?.dims, variable.path).toEqual(variable.dims);
        expect(plain(await (other as Variable).read()), variable.path).toEqual(plain(await variable.read()));
      }
    });

    it("keeps where the file came from, and how it was exported", async () => {
      const source = join(FIXTURES, "types-zlib.root");
      const result = await run(source, {
        trees: ["data/tree"],
        branches: ["int*_jagged", "text"],
        start: 10,
        stop: 50,
      });
      expect(result.trees).toEqual([
        {
          path: "data/tree",
          entries: 40,
          branches: ["int8_jagged", "int16_jagged", "int32_jagged", "int64_jagged", "text"],
          skipped: {},
        },
      ]);
      await using file = await hdf5.open(join(folder, "out.h5"));
      expect(file.attributes).toMatchObject({
        source_file: "types-zlib.root",
        source_sha256: createHash("sha256").update(readFileSync(source)).digest("hex"),
        exported_by: "twinloom test",
        exported_at: ABOUT.time,
        uproot_version: expect.stringMatching(/^\d/),
        h5py_version: expect.stringMatching(/^\d/),
        command: ABOUT.command,
        trees: "data/tree",
        branches: "int*_jagged, text",
        selection: "entries 10 to 50",
      });
      await using direct = await root.open(source);
      const text = await findVariable(direct, "/data/tree/text").read({ entry: { start: 10, stop: 50 } });
      expect(plain(await findVariable(file, "/data/tree/text").read())).toEqual(plain(text));
      expect(findVariable(file, "/data/tree/int8_jagged/counts").attributes["sample_dimension"]).toBe(
        "int8_jagged_element",
      );
    });

    it.skipIf(!hasSamples)("reads RNTuples", async () => {
      await run(join(SAMPLES, "ntpl001_staff_rntuple_v1-0-1-0.root"));
      {
        await using file = await hdf5.open(join(folder, "out.h5"));
        const sums = await Promise.all(
          ["Cost", "Age", "Service"].map(async (name) => sum(await findVariable(file, `/Staff/${name}`).read())),
        );
        expect(sums).toEqual([29083929, 158151, 63563]);
        const first = await findVariable(file, "/Staff/Division").read({ entry: 0 });
        expect(first.at()).toBe("PS");
        expect(findVariable(file, "/Staff/Cost").shape).toEqual([3354]);
      }
      await run(join(SAMPLES, "test_1jag_int_float_rntuple_v1-0-0-0.root"));
      await using file = await hdf5.open(join(folder, "out.h5"));
      const [tree = ""] = Object.keys(file.groups);
      expect(sum(await findVariable(file, `/${tree}/one_v_integers/values`).read())).toBe(23550);
      expect(sum(await findVariable(file, `/${tree}/two_v_floats/values`).read())).toBeCloseTo(2355, 3);
      expect(sum(await findVariable(file, `/${tree}/one_v_integers/counts`).read())).toBe(450);
    });

    it("names the branches nearest to a pattern that fits none, and leaves nothing", async () => {
      const out = join(folder, "none.h5");
      const failing = exportRoot(join(FIXTURES, "types-zlib.root"), out, {
        ...ABOUT,
        python,
        cacheFolder: here("../../.venv/twinloom-cache"),
        trees: ["data/tree"],
        branches: ["flaot64"],
      });
      await expect(failing).rejects.toMatchObject({
        code: "TWIN_VARIABLE_NOT_FOUND",
        message: expect.stringContaining('"float64"'),
      });
      expect(readdirSync(folder).filter((name) => name.includes("none"))).toEqual([]);
      await expect(run(join(FIXTURES, "types-zlib.root"), { trees: ["tree"] })).rejects.toMatchObject({
        code: "TWIN_VARIABLE_NOT_FOUND",
        message: expect.stringContaining("data/tree"),
      });
      await expect(run(join(FIXTURES, "types.json"))).rejects.toMatchObject({ code: "TWIN_ROOT_EXPORT_FAILED" });
    });

    it("ends the process and leaves nothing when it is aborted", async () => {
      const abort = new AbortController();
      const reason = new Error("called off");
      const out = join(folder, "aborted.h5");
      const exporting = exportRoot(join(FIXTURES, "types-zlib.root"), out, {
        ...ABOUT,
        python,
        cacheFolder: here("../../.venv/twinloom-cache"),
        stepBytes: 1,
        signal: abort.signal,
        onProgress: () => abort.abort(reason),
      });
      await expect(exporting).rejects.toBe(reason);
      expect(readdirSync(folder).filter((name) => name.includes("aborted"))).toEqual([]);
    });
  },
);

/** Without the search for names like it that `findVariable` ends with, which takes long among a thousand. */
function lookUp(file: Dataset, path: string): Variable | undefined {
  const names = path.slice(1).split("/");
  const group = names.slice(0, -1).reduce<Dataset | undefined>((above, name) => above?.groups[name], file);
  return group?.variables[names.at(-1) ?? ""];
}

function plain(array: NdArray): unknown {
  return { shape: array.shape, values: Array.from(array.values() as ArrayLike<unknown>, String).join() };
}

function sum(array: NdArray): number {
  return array.toFloat64().reduce((total, value) => total + value, 0);
}
