import { readdirSync, readFileSync } from "node:fs";
import { copyFile, open, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type Attributes, dataset, findVariable, NdArray } from "../../../core/index.ts";
import { Netcdf } from "../../../modules/netcdf/netcdf.ts";
import { FIXTURES, plain, useNetcdf } from "./shared.ts";

/** What netCDF4-python reads from the fixtures, raw. */
interface Truth {
  readonly dims: readonly string[];
  readonly shape: readonly number[];
  readonly values?: readonly (number | string)[];
}

const truth: Readonly<Record<string, Readonly<Record<string, Truth>>>> = JSON.parse(
  readFileSync(join(FIXTURES, "truth.json"), "utf8"),
);

const { netcdf, path } = useNetcdf();

describe("the fixtures", () => {
  it("have their truth beside them", () => {
    expect(Object.keys(truth)).toEqual(readdirSync(FIXTURES).filter((name) => name.endsWith(".nc")));
  });

  it.for(Object.keys(truth))("%s: raw values are those of netCDF4-python", async (name) => {
    await using file = await netcdf.open(join(FIXTURES, name), { decode: false });
    for (const [variablePath, { dims, shape, values }] of Object.entries(truth[name] ?? {})) {
      const variable = findVariable(file, variablePath);
      // Axes of the type are added to compounds; repeated and phony dimensions have names of ours.
      expect(variable.shape.slice(0, shape.length), variablePath).toEqual(shape);
      variable.dims.forEach((dim, axis) => {
        if (!/^dim_\d+$/.test(dim)) expect(dim, variablePath).toBe(dims[axis]);
      });
      if (values) expect(plain(await variable.read()), variablePath).toEqual(values);
    }
  });
});

describe("NetCDF-4", () => {
  const features = join(FIXTURES, "features.nc");

  it("shows dimensions where they are defined, unlimited ones as long as their longest variable", async () => {
    await using file = await netcdf.open(features);
    expect(file.dims).toEqual({
      time: { length: 5, unlimited: true },
      lat: { length: 4, unlimited: false },
      lon: { length: 6, unlimited: false },
      letter: { length: 5, unlimited: false },
      place: { length: 3, unlimited: false },
      nowhere: { length: 2, unlimited: false },
    });
    expect(file.groups["inner"]?.dims).toEqual({ lon: { length: 2, unlimited: false } });
    expect(file.coordinates).toEqual(["time", "lat"]);
  });

  it("gives fill for what was never written: beyond the end, and in chunks that are not there", async () => {
    await using file = await netcdf.open(features);
    const short = findVariable(file, "short");
    expect(plain(await short.read({ time: { start: 2 } }))).toEqual([8, 9, 10, 11, ...Array(8).fill(Number.NaN)]);
    expect(plain(await short.read({ time: { step: 2 }, lat: 1 }))).toEqual([1, 9, Number.NaN]);
    expect(plain(await findVariable(file, "hole").read({ lat: 1 }))).toEqual([4, 5, 6, ...Array(3).fill(Number.NaN)]);
    await using raw = await netcdf.open(features, { decode: false });
    expect(plain(await findVariable(raw, "hole").read({ lat: 3 }))).toEqual(Array(6).fill(-999));
  });

  it("takes default fills as missing, but not in a variable that is not filled", async () => {
    await using file = await netcdf.open(features);
    expect(findVariable(file, "untouched").fillValue).toBe(-2147483647);
    expect(findVariable(file, "unfilled").fillValue).toBeUndefined();
    expect(plain(await findVariable(file, "unfilled").read())).toEqual([0, 1, 65535, 2]);
  });

  it("hides its bookkeeping, and says in words what a dtype does not", async () => {
    await using file = await netcdf.open(features, { decode: false });
    expect(file.attributes).toEqual({});
    expect(findVariable(file, "time").attributes).toEqual({});
    const note = (name: string): string | undefined => findVariable(file, name).storage.typeNote;
    expect(note("place")).toBe("char");
    expect(note("cloud")).toBe("enum uint8 {clear = 0, cumulus = 1, missing = 255}");
    expect(note("pair")).toBe("compound of 16 bytes {a: int32 at 0, b: float64 at 8}");
    expect(note("big_endian")).toBe("big-endian int32");
  });

  it("shows compounds as their bytes, which can be cut like any axis", async () => {
    await using file = await netcdf.open(features);
    const pair = findVariable(file, "pair");
    expect([pair.dtype, pair.dims, pair.shape]).toEqual(["uint8", ["place", "dim_1"], [3, 16]]);
    const whole = await pair.read();
    const bytes = Buffer.from(whole.values() as Uint8Array);
    expect([0, 1, 2].map((i) => [bytes.readInt32LE(i * 16), bytes.readDoubleLE(i * 16 + 8)])).toEqual([
      [1, 0.5],
      [2, 1.5],
      [3, 2.5],
    ]);
    expect(plain(await pair.read({ place: 1, dim_1: { start: 8, stop: 16 } }))).toEqual([...bytes.subarray(24, 32)]);
  });

  it("refuses variable-length sequences, and says how they are read", async () => {
    await using file = await netcdf.open(features);
    await expect(findVariable(file, "rows").read()).rejects.toMatchObject({
      code: "TWIN_READ_FAILED",
      message: expect.stringContaining("hdf5()"),
    });
  });

  it("joins characters into texts, also in a coordinate", async () => {
    await using file = await netcdf.open(features);
    expect(plain(await findVariable(file, "place").read())).toEqual(["Alpha", "Beta", "C"]);
  });

  it("tells of attributes that it could not apply, in either format", async () => {
    const times = { array: new NdArray(Int16Array.of(1, 2), { dtype: "int16", shape: [2], dims: ["time"] }) };
    const attributes = { scale_factor: "tenths", units: "months since 1850-01-01" };
    await netcdf.write(path("odd.nc"), dataset({ variables: { time: { ...times, attributes } } }));
    await using odd = await netcdf.open(path("odd.nc"));
    const [first, second] = [...odd.problems].sort((a, b) => a.path.localeCompare(b.path));
    expect(first).toEqual({ path: "/time@scale_factor", reason: expect.stringContaining("left as stored") });
    expect(second).toEqual({ path: "/time@units", reason: expect.stringContaining("not all of one length") });
    await using raw = await netcdf.open(path("odd.nc"), { decode: false });
    expect(raw.problems).toEqual([]);
    await using classic = await netcdf.open(join(FIXTURES, "types-cdf1.nc"));
    expect(classic.problems).toEqual([]);
  });

  it("writes no value that stands for missing as another one, which its type could hold", async () => {
    const array = new NdArray(Int32Array.of(0, 1661992960), { dtype: "int32", shape: [2], dims: ["x"] });
    const write = async (attributes: Attributes): Promise<void> =>
      await netcdf.write(path("missing.nc"), dataset({ variables: { v: { array, attributes } } }));
    for (const wrong of [1e20, 0.5, 2n ** 40n, "none"]) {
      await expect(write({ _FillValue: wrong })).rejects.toMatchObject({
        code: "TWIN_WRITE_FAILED",
        message: expect.stringContaining(`and is "${wrong}"`),
      });
    }
    const fill = new NdArray(Float64Array.of(-9), { dtype: "float64", shape: [1] });
    await write({ missing_value: 1e20, _FillValue: fill });
    await using file = await netcdf.open(path("missing.nc"));
    const { raw } = findVariable(file, "v");
    expect(raw?.attributes).toEqual({ missing_value: 1e20, _FillValue: -9 });
    expect(plain(await findVariable(file, "v").read())).toEqual([0, 1661992960]);
    expect(file.problems).toEqual([{ path: "/v@missing_value", reason: expect.stringContaining("no int32 can be") }]);
  });

  it("fails naming hdf5() where no plugin reads HDF5", async () => {
    const alone = new Netcdf({ hdf: undefined, sources: [], decode: true });
    const wanted = { message: expect.stringContaining("hdf5()") };
    await expect(alone.open(features)).rejects.toMatchObject({ code: "TWIN_FILE_UNREADABLE", ...wanted });
    const some = dataset({});
    await expect(alone.write(path("alone.nc"), some)).rejects.toMatchObject({ code: "TWIN_WRITE_FAILED", ...wanted });
  });
});

describe("classic files", () => {
  const classic = join(FIXTURES, "types-cdf1.nc");

  it("keep the values of attributes: texts, one number, several", async () => {
    await using file = await netcdf.open(classic);
    const many = new NdArray(Int16Array.of(1, -2, 3), { dtype: "int16", shape: [3] });
    expect(file.attributes).toEqual({ text: "Größe", empty: "", one: 0.5, many });
  });

  it("are recognised by their first bytes alone", () => {
    expect(netcdf.recognises(Buffer.from("CDF\x05rest"), "x.bin")).toBe(true);
    expect(netcdf.recognises(Buffer.from("CDF\x03rest"), "x.nc")).toBe(false);
    expect(netcdf.recognises(Buffer.from("\x89HDF\r\n\x1a\n", "latin1"), "x.h5")).toBe(false);
    expect(netcdf.recognises(Buffer.from("\x89HDF\r\n\x1a\n", "latin1"), "x.NC")).toBe(true);
  });

  it("cut short are an error where values are missing, never zeros", async () => {
    const whole = readFileSync(classic);
    await copyFile(classic, path("short.nc"));
    await truncate(path("short.nc"), whole.length - 40);
    await using file = await netcdf.open(path("short.nc"));
    const outcomes = await Promise.allSettled(
      Object.values(file.variables).map(async (variable) => [variable.path, plain(await variable.read())] as const),
    );
    await using good = await netcdf.open(classic);
    const failed = outcomes.filter((outcome) => outcome.status === "rejected");
    expect(failed.length).toBeGreaterThan(0);
    for (const outcome of failed) expect(outcome.reason).toMatchObject({ code: "TWIN_READ_FAILED" });
    for (const outcome of outcomes) {
      if (outcome.status === "rejected") continue;
      const [variablePath, values] = outcome.value;
      expect(values, variablePath).toEqual(plain(await findVariable(good, variablePath).read()));
    }
  });

  it("take the number of records from the size where a stream left it open", async () => {
    const bytes = readFileSync(classic);
    bytes.fill(0xff, 4, 8);
    await writeFile(path("streaming.nc"), bytes);
    await using file = await netcdf.open(path("streaming.nc"));
    expect(file.dims["t"]).toEqual({ length: 4, unlimited: true });
  });

  it("without records have variables without values, which would begin where the file ends", async () => {
    await writeSparse(path("empty.nc"), 5000, []);
    await using file = await netcdf.open(path("empty.nc"));
    expect(file.dims["n"]).toEqual({ length: 0, unlimited: true });
    expect(plain(await findVariable(file, "x").read())).toEqual([]);
  });

  it("are read beyond 4 GiB, in a file that is mostly a hole", async () => {
    const location = path("large.nc");
    const begin = 5 * 2 ** 30;
    await writeSparse(location, begin, [1.5, -2.5, 3.5]);
    await using file = await netcdf.open(location, { decode: false });
    expect(plain(await findVariable(file, "x").read({ n: { start: 1 } }))).toEqual([-2.5, 3.5]);
  });

  it("with hostile headers are refused before anything is allocated", async () => {
    const whole = readFileSync(classic);
    const hostile: readonly (readonly [string, (bytes: Buffer) => void])[] = [
      ["a list of four billion dimensions", (bytes) => bytes.writeUInt32BE(0xffff_fff0, 12)],
      ["a name of four billion bytes", (bytes) => bytes.writeUInt32BE(0xffff_fff0, 16)],
      ["a list of another kind", (bytes) => bytes.writeUInt32BE(0x0b, 8)],
    ];
    for (const [what, damage] of hostile) {
      const bytes = Buffer.from(whole);
      damage(bytes);
      await writeFile(path("hostile.nc"), bytes);
      const outcome = netcdf.open(path("hostile.nc"));
      await expect(outcome, what).rejects.toMatchObject({ code: "TWIN_FILE_UNREADABLE" });
    }
    const bytes = Buffer.from(whole);
    bytes.writeUInt32BE(0xffff_fff0, 4);
    await writeFile(path("hostile.nc"), bytes);
    await using file = await netcdf.open(path("hostile.nc"));
    await expect(findVariable(file, "record_f8").read()).rejects.toMatchObject({ code: "TWIN_READ_FAILED" });
    expect(plain(await findVariable(file, "record_f8").read({ t: 0 }))).toEqual([-5, -4, -3]);
  });
});

/** A CDF-2 file with one variable x(n) of doubles that begins at a position, with a hole before it. */
async function writeSparse(location: string, begin: number, values: readonly number[]): Promise<void> {
  const u32 = (value: number): Buffer => Buffer.from([value >>> 24, value >>> 16, value >>> 8, value]);
  const name = (text: string): Buffer =>
    Buffer.concat([u32(text.length), Buffer.from(text.padEnd(Math.ceil(text.length / 4) * 4, "\0"))]);
  const position = Buffer.alloc(8);
  position.writeBigUInt64BE(BigInt(begin));
  const none = [u32(0), u32(0)];
  const header = Buffer.concat([
    ...[Buffer.from("CDF\x02"), u32(0), u32(0x0a), u32(1), name("n"), u32(values.length), ...none],
    ...[u32(0x0b), u32(1), name("x"), u32(1), u32(0), ...none, u32(6), u32(0), position],
  ]);
  const data = Buffer.alloc(values.length * 8);
  values.forEach((value, i) => {
    data.writeDoubleBE(value, i * 8);
  });
  const file = await open(location, "w");
  await file.write(header, 0, header.length, 0);
  await file.write(data, 0, data.length, begin);
  await file.close();
}
