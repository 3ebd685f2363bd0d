import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Dataset, type DType, dataset, findVariable, NdArray, type Variable } from "../../../core/index.ts";
import { checksum } from "../../../modules/hdf5/write/checksum.ts";
import { FIXTURES, useHdf5 } from "./shared.ts";

const { hdf5, path } = useHdf5();

function counting(shape: readonly number[]): NdArray<"float32"> {
  const size = shape.reduce((product, length) => product * length, 1);
  return new NdArray(
    Float32Array.from({ length: size }, (_, i) => i),
    { dtype: "float32", shape },
  );
}

describe("raw writing", () => {
  it("puts slabs in any order, over the edges of chunks, where they belong", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          shape: fc.tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 })),
          chunk: fc.tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 5 })),
          compressionLevel: fc.constantFrom(0, 1),
          slabs: fc.array(fc.tuple(fc.nat(8), fc.nat(8), fc.nat(8), fc.nat(8)), { maxLength: 6 }),
        }),
        async ({ shape, chunk, compressionLevel, slabs }) => {
          const wanted = new Float32Array(shape[0] * shape[1]);
          const chunkShape = compressionLevel === 0 && chunk[0] === 5 ? undefined : chunk;
          await hdf5.createHdf(
            path("slabs.h5"),
            async (file) => {
              file.createDataset("/x", {
                dtype: "float32",
                shape,
                compressionLevel,
                ...(chunkShape && { chunkShape }),
              });
              for (const [n, [a, b, c, d]] of slabs.entries()) {
                const start = [a % shape[0], b % shape[1]] as const;
                const size = [1 + (c % (shape[0] - start[0])), 1 + (d % (shape[1] - start[1]))] as const;
                const values = Float32Array.from({ length: size[0] * size[1] }, (_, i) => 100 * (n + 1) + i);
                await file.write("/x", new NdArray(values, { dtype: "float32", shape: size }), start);
                values.forEach((value, i) => {
                  const row = start[0] + Math.floor(i / size[1]);
                  wanted[row * shape[1] + start[1] + (i % size[1])] = value;
                });
              }
            },
            { existing: "replace" },
          );
          await using file = await hdf5.open(path("slabs.h5"));
          expect((await findVariable(file, "/x").read()).values()).toEqual(wanted);
        },
      ),
      { numRuns: 40, seed: 7 },
    );
  });

  it("grows unlimited dimensions, and indexes many chunks in a tree of several levels", async () => {
    await hdf5.createHdf(path("grown.h5"), async (file) => {
      file.createDataset("/x", { dtype: "float32", shape: [0, 2], unlimited: [true, false], chunkShape: [1, 1] });
      for (let row = 0; row < 2500; row += 50) await file.write("/x", rows(row, 50), [row, 0]);
    });
    await using file = await hdf5.openHdf(path("grown.h5"));
    expect(file.root.datasets["x"]).toMatchObject({ shape: [2500, 2], maxShape: [undefined, 2] });
    expect((await file.read({ path: "/x" })).values()).toEqual(rows(0, 2500).values());
  });

  function rows(from: number, count: number): NdArray<"float32"> {
    const values = Float32Array.from({ length: 2 * count }, (_, i) => 2 * from + i);
    return new NdArray(values, { dtype: "float32", shape: [count, 2] });
  }

  it("takes existing names, missing parents, attributes set twice and unfit values for errors", async () => {
    const cases: readonly [string, (file: Parameters<Parameters<typeof hdf5.createHdf>[1]>[0]) => unknown][] = [
      ["there is an object of this name already", (file) => file.createGroup("/x")],
      ["there is no such group", (file) => file.createGroup("/none/x")],
      ["is a dataset and holds nothing else", (file) => file.createGroup("/x/y")],
      ["there is an attribute", (file) => file.setAttribute("/x", "a", 2)],
      [
        "the values are float64",
        (file) => file.write("/x", new NdArray(Float64Array.of(1), { dtype: "float64", shape: [1] })),
      ],
      ["cannot grow", (file) => file.write("/x", counting([3]), [1])],
      ["has no dimension 1", (file) => file.attachScale("/x", 1, "/x")],
      ["is 65535 here|allows 65535", (file) => file.setAttribute("/", "long", counting([20_000]))],
    ];
    for (const [message, act] of cases) {
      const writing = hdf5.createHdf(path("refused.h5"), async (file) => {
        file.createDataset("/x", { dtype: "float32", shape: [3], attributes: { a: 1 } });
        await act(file);
      });
      await expect(writing, message).rejects.toMatchObject({
        code: "TWIN_WRITE_FAILED",
        message: expect.stringMatching(message),
      });
    }
    expect(readdirSync(dirname(path("x"))).filter((name) => name.includes("refused"))).toEqual([]);
  });
});

describe("changing a file", () => {
  it("extends, overwrites, sets attributes, and leaves the rest", async () => {
    await hdf5.createHdf(path("edit.h5"), async (file) => {
      file.createDataset("/x", {
        dtype: "float32",
        shape: [2, 2],
        unlimited: [true, false],
        chunkShape: [2, 2],
        compressionLevel: 4,
        attributes: { old: 1 },
      });
      await file.write("/x", counting([2, 2]));
    });
    await hdf5.editHdf(path("edit.h5"), async (file) => {
      await file.resize("/x", [4, 2]);
      await file.write("/x", counting([2, 2]), [2, 0]);
      await file.setAttribute("/x", "new", "text");
      await file.setAttribute("/x", "old", 2n, { existing: "replace" });
      await file.createGroup("/group");
    });
    await using file = await hdf5.open(path("edit.h5"));
    expect([...(await findVariable(file, "/x").read()).values()]).toEqual([0, 1, 2, 3, 0, 1, 2, 3]);
    expect(file.variables["x"]?.attributes).toEqual({ old: 2, new: "text" });
    expect(Object.keys(file.groups)).toEqual(["group"]);
  });

  it("refuses what h5wasm would ignore, and leaves the file as it was", async () => {
    const before = readFileSync(path("edit.h5"));
    const cases: readonly ((file: Parameters<Parameters<typeof hdf5.editHdf>[1]>[0]) => Promise<void>)[] = [
      (file) => file.setAttribute("/x", "old", 3),
      (file) => file.setAttribute("/none", "a", 3),
      (file) => file.createGroup("/group"),
      (file) => file.createGroup("/none/group"),
      (file) => file.resize("/x", [4, 3]),
      (file) => file.write("/x", counting([2, 2]), [3, 0]),
      (file) => file.write("/x", new NdArray(["a"], { dtype: "string", shape: [1] })),
    ];
    for (const [n, act] of cases.entries()) {
      await expect(hdf5.editHdf(path("edit.h5"), act), `case ${n}`).rejects.toMatchObject({
        code: "TWIN_WRITE_FAILED",
      });
    }
    expect(readFileSync(path("edit.h5")).equals(before)).toBe(true);
    expect(readdirSync(dirname(path("x"))).filter((name) => name.includes("partial"))).toEqual([]);
  });
});

describe("writing a dataset", () => {
  it("copies what h5py wrote, with the same values", async () => {
    for (const name of ["compound.h5", "scales.h5", "text.h5", "sequences.h5"]) {
      await using source = await hdf5.open(join(FIXTURES, name));
      const { of_strings: _unreadable, ...variables } = source.variables;
      await hdf5.write(path(name), { ...source, variables });
      await using copy = await hdf5.open(path(name));
      await expectSame(copy, { ...source, variables });
    }
  });

  it("keeps memory bounded: a gigabyte of zeros is written chunk by chunk", { timeout: 120_000 }, async () => {
    const chunk = counting([1, 2 ** 20]);
    const before = process.memoryUsage().rss;
    let peak = 0;
    const variable = fakeVariable("x", "float32", [64, 2 ** 20], async function* () {
      for (let i = 0; i < 64; i++) {
        peak = Math.max(peak, process.memoryUsage().rss);
        yield { selection: { dim_0: { start: i, stop: i + 1 }, dim_1: { start: 0, stop: 2 ** 20 } }, array: chunk };
      }
    });
    await hdf5.write(path("big.h5"), { ...dataset({}), variables: { x: variable } }, { compressionLevel: 1 });
    expect(peak - before).toBeLessThan(200e6);
    rmSync(path("big.h5"));
  });

  it("says that the disk is full, and leaves nothing", async ({ skip }) => {
    const disk = path("disk");
    mkdirSync(disk);
    try {
      execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", disk], { stdio: "ignore" });
    } catch {
      skip("mounting a small disk needs root");
    }
    try {
      const random = new NdArray(
        Uint32Array.from({ length: 2 ** 20 }, (_, i) => Math.imul(i, 2654435761)),
        {
          dtype: "uint32",
          shape: [2 ** 20],
        },
      );
      const writing = hdf5.write(join(disk, "full.h5"), dataset({ variables: { x: random } }), { compressionLevel: 0 });
      await expect(writing).rejects.toMatchObject({
        code: "TWIN_WRITE_FAILED",
        message: expect.stringContaining("ENOSPC"),
        cause: { code: "ENOSPC" },
      });
      expect(readdirSync(disk)).toEqual([]);
    } finally {
      execFileSync("umount", [disk]);
    }
  });
});

describe("checksums", () => {
  it("are Jenkins' lookup3, as its author's test vectors say", () => {
    // lookup3.c, driver5: hashlittle with initial value 0.
    expect(checksum(Buffer.from(""))).toBe(0xdeadbeef);
    expect(checksum(Buffer.from("Four score and seven years ago"))).toBe(0x17770551);
  });
});

async function expectSame(copy: Dataset, source: Dataset): Promise<void> {
  expect(Object.keys(copy.variables)).toEqual(Object.keys(source.variables));
  for (const [name, variable] of Object.entries(source.variables)) {
    const written = copy.variables[name] as Variable;
    expect([written.dtype, written.shape, written.dims, written.attributes]).toEqual([
      variable.dtype,
      variable.shape,
      variable.dims,
      variable.attributes,
    ]);
    expect((await written.read()).values()).toEqual((await variable.read()).values());
  }
  for (const [name, group] of Object.entries(source.groups)) await expectSame(copy.groups[name] as Dataset, group);
}

function fakeVariable(name: string, dtype: DType, shape: readonly number[], chunks: Variable["chunks"]): Variable {
  const refuse = (): never => {
    throw new Error("only read in chunks");
  };
  return {
    name,
    path: `/${name}`,
    dtype,
    dims: shape.map((_, axis) => `dim_${axis}`),
    shape,
    unit: undefined,
    attributes: {},
    storage: { filters: [], chunkShape: [1, ...shape.slice(1)] },
    read: refuse,
    readMany: refuse,
    chunks,
  };
}
