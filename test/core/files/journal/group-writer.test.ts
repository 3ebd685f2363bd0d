import { describe, expect, it } from "vitest";
import { GroupWriter } from "../../../../core/files/journal/group-writer.ts";

/** A file in memory that can fail, and that keeps account of its calls. */
class FailingFile {
  bytes = Buffer.alloc(0);
  readonly calls: string[] = [];
  /** Called before each call; what it throws is the failure. */
  before: (call: "write" | "datasync" | "truncate") => void = () => undefined;
  /** Bytes that a write takes at most. */
  takes: number = Number.POSITIVE_INFINITY;

  async write(buffer: Buffer, offset: number, length: number, position: number): Promise<{ bytesWritten: number }> {
    this.#call("write");
    const bytesWritten = Math.min(length, this.takes);
    const grown = Buffer.alloc(Math.max(this.bytes.length, position + bytesWritten));
    this.bytes.copy(grown);
    buffer.copy(grown, position, offset, offset + bytesWritten);
    this.bytes = grown;
    return { bytesWritten };
  }

  async datasync(): Promise<void> {
    this.#call("datasync");
  }

  async truncate(length: number): Promise<void> {
    this.#call("truncate");
    this.bytes = this.bytes.subarray(0, length);
  }

  #call(name: "write" | "datasync" | "truncate"): void {
    this.calls.push(name);
    this.before(name);
  }
}

function failure(code: string): Error {
  return Object.assign(new Error(`${code}: said by a test`), { code });
}

function writerOf(file: FailingFile): GroupWriter {
  const init = { path: "test.journal", seed: 1, found: { bytes: 0, isClosed: false } };
  return new GroupWriter(file as never, init);
}

/** The first byte of each record, by the lengths in the file. */
function recordsOf({ bytes }: FailingFile): readonly number[] {
  const records: number[] = [];
  for (let offset = 0; offset < bytes.length; offset += 16 + lengthAt(bytes, offset)) {
    records.push(bytes[offset + 16] as number);
  }
  return records;
}

/** Of the record of a frame; a mark has none. */
function lengthAt(bytes: Buffer, offset: number): number {
  const length = bytes.readUInt32LE(offset);
  return length === 0xffff_ffff ? 0 : length;
}

const record = (value: number): Uint8Array => new Uint8Array(100).fill(value);

describe("a group of appends", () => {
  it("shares one write and one sync, however many come at once", async () => {
    const file = new FailingFile();
    const writer = writerOf(file);
    await Promise.all(Array.from({ length: 50 }, (_, index) => writer.append(record(index))));
    expect(file.calls).toEqual(["write", "datasync"]);
    expect(recordsOf(file)).toEqual(Array.from({ length: 50 }, (_, index) => index));
  });

  it("resolves after the sync and not before, in the order of appending", async () => {
    const file = new FailingFile();
    const writer = writerOf(file);
    const order: string[] = [];
    file.before = (call) => void order.push(call);
    await Promise.all([1, 2].map(async (value) => order.push(`${await writer.append(record(value))}${value}`)));
    expect(order).toEqual(["write", "datasync", "undefined1", "undefined2"]);
  });

  it("takes a write that is done in parts", async () => {
    const file = new FailingFile();
    file.takes = 33;
    const writer = writerOf(file);
    await Promise.all([writer.append(record(1)), writer.append(record(2))]);
    expect(recordsOf(file)).toEqual([1, 2]);
  });

  it.each(["ENOSPC", "EDQUOT"])(
    "is cut whole on %s, with all that was appended since; the next goes in its place",
    async (code) => {
      for (const failing of ["write", "datasync"] as const) {
        const file = new FailingFile();
        const writer = writerOf(file);
        await writer.append(record(1));
        file.before = (call) => {
          if (call === failing) throw failure(code);
        };
        const settled = await Promise.allSettled([writer.append(record(2)), writer.append(record(3))]);
        for (const each of settled) {
          expect(each).toMatchObject({ status: "rejected", reason: { code: "TWIN_WRITE_FAILED", cause: { code } } });
        }
        expect(recordsOf(file)).toEqual([1]);
        file.before = () => undefined;
        await writer.append(record(4));
        expect(recordsOf(file)).toEqual([1, 4]);
      }
    },
  );

  it("fails what was appended while it was being written, and counts on it", async () => {
    const file = new FailingFile();
    const writer = writerOf(file);
    let later: Promise<unknown> = Promise.resolve();
    file.before = (call) => {
      if (call !== "datasync") return;
      file.before = () => undefined;
      later = writer.append(record(2)).catch(({ code }: { code: string }) => code);
      throw failure("ENOSPC");
    };
    await expect(writer.append(record(1))).rejects.toMatchObject({ code: "TWIN_WRITE_FAILED" });
    expect(await later).toBe("TWIN_WRITE_FAILED");
    expect(recordsOf(file)).toEqual([]);
  });

  it("is not written over by the mark of a close, whenever the next one comes", async () => {
    for (let ticks = 0; ticks < 12; ticks++) {
      const file = new FailingFile();
      const writer = writerOf(file);
      const first = writer.append(record(1));
      const closing = writer.close();
      let appended = Promise.resolve<number>(0);
      file.before = (call) => {
        if (call !== "datasync") return;
        file.before = () => undefined;
        // So many turns of the queue of promises after the sync.
        let turn = Promise.resolve();
        for (let tick = 0; tick < ticks; tick++) turn = turn.then(() => undefined);
        appended = turn
          .then(() => writer.append(record(2)))
          .then(
            () => 2,
            () => 0,
          );
      };
      await Promise.all([first, closing]);
      const expected = (await appended) === 2 ? [1, 2] : [1];
      expect(recordsOf(file).slice(0, -1), `${ticks} ticks`).toEqual(expected);
      expect(file.bytes.readUInt32LE(file.bytes.length - 16), `${ticks} ticks: the mark`).toBe(0xffff_ffff);
    }
  });

  it("is the last after any other failure, or where it cannot be cut: nobody knows what the disk has", async () => {
    for (const [failing, code] of [
      ["datasync", "EIO"],
      ["truncate", "ENOSPC"],
    ] as const) {
      const file = new FailingFile();
      const writer = writerOf(file);
      file.before = (call) => {
        if (call === failing || (failing === "truncate" && call === "write")) throw failure(code);
      };
      await expect(writer.append(record(1))).rejects.toMatchObject({ code: "TWIN_WRITE_FAILED" });
      file.before = () => undefined;
      await expect(writer.append(record(2))).rejects.toMatchObject({
        code: "TWIN_WRITE_FAILED",
        message: expect.stringContaining("open the journal again"),
      });
      await writer.close();
      expect(file.calls.at(-1), "nothing is written after that").toBe("truncate");
    }
  });
});
