import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { createTwin, type Dataset, dataset, NdArray } from "../../../core/index.ts";
import { zarr as plugin } from "../../../modules/zarr/index.ts";
import { FIXTURES, newZarr, useFolder } from "./shared.ts";

const path = useFolder();

function grid(shape: readonly number[], chunkShape?: readonly number[]): Dataset {
  const size = shape.reduce((product, length) => product * length, 1);
  const array = new NdArray(
    Float32Array.from({ length: size }, (_, i) => i % 1000),
    { dtype: "float32", shape, dims: ["y", "x"] },
  );
  return dataset({ variables: { v: { array, ...(chunkShape && { storage: { chunkShape } }) } } });
}

async function chunksOf(store: string): Promise<readonly number[]> {
  return JSON.parse(await readFile(join(store, "v/zarr.json"), "utf8")).chunk_grid.configuration.chunk_shape;
}

describe("stores that we write", () => {
  it("have the variable's chunks, or ones of about 4 MB; never a great many", async () => {
    await newZarr().write(path("own.zarr"), grid([10, 20], [5, 7]));
    expect(await chunksOf(path("own.zarr"))).toEqual([5, 7]);
    await newZarr().write(path("default.zarr"), grid([3000, 1000]));
    expect(await chunksOf(path("default.zarr"))).toEqual([1000, 1000]);
    await newZarr().write(path("many.zarr"), grid([300, 200], [1, 2]));
    expect(await chunksOf(path("many.zarr"))).toEqual([300, 200]);
  });

  it("keep what was packed packed", async () => {
    await using source = await newZarr().open(join(FIXTURES, "plain-v3.zarr"));
    await newZarr().write(path("packed.zarr"), source);
    await using raw = await newZarr().open(path("packed.zarr"), { decode: false });
    expect((await raw.variables["packed"]?.read())?.values()).toEqual(Int16Array.of(0, 1, -1));
    expect(raw.variables["packed"]?.attributes).toMatchObject({ scale_factor: 0.5, _FillValue: -1 });
  });

  it("leave nothing beside them, and put back what they could not replace", async () => {
    await newZarr().write(path("twice.zarr"), grid([2, 2]));
    await newZarr().write(path("twice.zarr"), grid([3, 3]), { existing: "replace" });
    expect((await readdir(path("."))).filter((name) => name.startsWith("."))).toEqual([]);
    await using file = await newZarr().open(path("twice.zarr"));
    expect(file.variables["v"]?.shape).toEqual([3, 3]);
  });

  it.each(["..", "a/b", "zarr.json", "a\\b"])("refuse a name that is no folder's: %j", async (name) => {
    const array = new NdArray(Float64Array.of(1), { dtype: "float64", shape: [1] });
    const source: Dataset = {
      ...dataset({}),
      variables: { [name]: { ...dataset({ variables: { v: array } }).variables["v"], name } as never },
    };
    await expect(newZarr().write(path("name.zarr"), source)).rejects.toMatchObject({ code: "TWIN_WRITE_FAILED" });
  });

  it("are local folders", async () => {
    await expect(newZarr().write("https://example.org/x.zarr", grid([1, 1]))).rejects.toMatchObject({
      code: "TWIN_WRITE_FAILED",
      message: expect.stringContaining("local folders only"),
    });
  });
});

it("is a plugin whose options say what is written", async () => {
  await using twin = await createTwin({ plugins: { files: plugin({ formatVersion: 2, compressor: "zstd" }) } });
  await twin.files.write(path("plugin.zarr"), grid([2, 2]));
  await using file = await twin.files.open(path("plugin.zarr"));
  expect(file.formatVersion).toBe(2);
  expect(file.variables["v"]?.storage.filters).toEqual(["zstd(4)"]);
});
