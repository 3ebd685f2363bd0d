import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { FileNotFoundError, findVariable, ReadFailedError, type Source, type SourceFile } from "../../../core/index.ts";
import { Netcdf } from "../../../modules/netcdf/netcdf.ts";
import { FIXTURES, plain } from "./shared.ts";

/** A server that counts what is asked of it. */
class CountingSource implements Source {
  readonly prefixes: readonly string[] = ["fake://"];
  readonly ranges: { readonly position: number; readonly bytes: number }[] = [];
  readonly #objects: Readonly<Record<string, Buffer>>;
  /** From so many reads on, all fail. */
  readonly #lastRead: number;
  openFiles = 0;

  constructor(objects: Readonly<Record<string, Buffer>>, lastRead = Number.POSITIVE_INFINITY) {
    this.#objects = objects;
    this.#lastRead = lastRead;
  }

  async open(location: string): Promise<SourceFile> {
    const object = this.#objects[location];
    if (object === undefined) throw new FileNotFoundError(location);
    this.openFiles++;
    const close = async (): Promise<void> => {
      this.openFiles--;
    };
    return {
      location,
      bytes: object.length,
      version: `"${object.length}"`,
      readInto: async (target, position) => {
        this.ranges.push({ position, bytes: target.length });
        if (this.ranges.length > this.#lastRead) throw new ReadFailedError(location, "the server is gone.");
        object.copy(target, 0, position, position + target.length);
      },
      localPath: async () => {
        throw new Error("a classic file is never downloaded");
      },
      close,
      [Symbol.asyncDispose]: close,
    };
  }

  async *list(): AsyncGenerator<never> {}

  get bytesRead(): number {
    return this.ranges.reduce((sum, { bytes }) => sum + bytes, 0);
  }
}

/** 100 records of 1000 doubles: 0, 1, 2, … */
function recordFile(): Buffer {
  const header = readFileSync(join(FIXTURES, "sole-record-f8.nc"));
  // The fixture has x = 3; with 1000 it is the same header before a longer body.
  const [x, records] = [1000, 100];
  const fixedBytes = x * 2;
  const bodyAt = headerEnd(header);
  const grown = Buffer.alloc(bodyAt + fixedBytes + records * x * 8);
  header.copy(grown, 0, 0, bodyAt);
  grown.writeUInt32BE(records, 4);
  grown.writeUInt32BE(x, header.indexOf("x\0\0\0") + 4);
  grown.writeUInt32BE(bodyAt + fixedBytes, header.lastIndexOf(header.subarray(bodyAt - 4, bodyAt)));
  for (let i = 0; i < records * x; i++) grown.writeDoubleBE(i, bodyAt + fixedBytes + i * 8);
  return grown;
}

/** The header ends with the position of the last variable. */
function headerEnd(file: Buffer): number {
  // Five records of three doubles, and three shorts padded to eight bytes, follow it.
  return file.length - 5 * 3 * 8 - 8;
}

describe("a classic file from a source", () => {
  const location = "fake://bucket/records.nc";
  const object = recordFile();
  const connect = (source: Source): Netcdf => new Netcdf({ hdf: undefined, sources: [source], decode: false });

  it("is opened by its header, and read by the ranges of a slab", async () => {
    const source = new CountingSource({ [location]: object });
    await using file = await connect(source).open(location);
    expect(file.version).toBe(`"${object.length}"`);
    // Its first bytes to see what it is, and those of the header.
    expect(source.bytesRead).toBeLessThanOrEqual(2048 + 8192);
    source.ranges.length = 0;
    const only = findVariable(file, "only");
    expect(plain(await only.read({ t: 7, x: { start: 10, stop: 13 } }))).toEqual([7010, 7011, 7012]);
    expect(source.ranges.map(({ bytes }) => bytes)).toEqual([24]);
  });

  it("gives one point of every record in few reads, or in small ones", async () => {
    const source = new CountingSource({ [location]: object });
    await using file = await connect(source).open(location);
    source.ranges.length = 0;
    const series = await findVariable(file, "only").read({ x: 5 });
    expect(plain(series)).toEqual(Array.from({ length: 100 }, (_, i) => i * 1000 + 5));
    // Records are 8,000 bytes apart: less than a read costs, so they come together.
    expect(source.ranges.length).toBe(1);
  });

  it("is closed when it is no NetCDF", async () => {
    const source = new CountingSource({ [location]: Buffer.from("something else altogether") });
    await expect(connect(source).open(location)).rejects.toMatchObject({ code: "TWIN_FILE_UNREADABLE" });
    expect(source.openFiles).toBe(0);
  });

  it("whose server goes away half-way is an error, never part of the values", async () => {
    const source = new CountingSource({ [location]: object }, 2 + 1);
    await using file = await connect(source).open(location);
    await expect(findVariable(file, "only").read()).rejects.toMatchObject({ code: "TWIN_READ_FAILED" });
  });
});
