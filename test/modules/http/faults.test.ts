import { readFile } from "node:fs/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readBytes } from "../../../core/index.ts";
import { type Fault, type HttpServer, startHttpServer } from "../../servers/http-server.ts";
import { type HttpSetup, httpSetup, sampleBytes } from "./shared.ts";

const bytes = sampleBytes(100_000);
let server: HttpServer;
let setup: HttpSetup;
let url: string;

beforeEach(async () => {
  server = await startHttpServer({ files: { "/a.nc": bytes } });
  setup = await httpSetup(server.origin, { policy: { idleMs: 200 } });
  url = `${server.origin}/a.nc`;
});
afterEach(async () => {
  await server.close();
  await setup.dispose();
});

/** Faults after which the right bytes come nevertheless. */
const passing: readonly { readonly name: string; readonly faults: readonly (Fault | undefined)[] }[] = [
  { name: "drops the connection before it answers", faults: [{ kind: "drop" }] },
  { name: "drops the connection within the body", faults: [{ kind: "drop", afterBytes: 1500 }] },
  {
    name: "drops it again and again",
    faults: [{ kind: "drop", afterBytes: 900 }, { kind: "drop", afterBytes: 700 }, { kind: "drop" }],
  },
  { name: "stalls before it answers", faults: [{ kind: "stall" }] },
  { name: "stalls within the body", faults: [{ kind: "stall", afterBytes: 2000 }] },
  { name: "sends a byte now and then", faults: [{ kind: "drip", everyMs: 20 }] },
  { name: "ends the body early, politely", faults: [{ kind: "truncate", afterBytes: 1000 }] },
  { name: "ends the body at once, politely", faults: [{ kind: "truncate", afterBytes: 0 }] },
  { name: "sends more than it announced", faults: [{ kind: "lengthen", byBytes: 100 }] },
  { name: "answers with another range", faults: [{ kind: "shift", byBytes: 10 }] },
  {
    name: "is busy",
    faults: [
      { kind: "status", status: 503 },
      { kind: "status", status: 429, headers: { "retry-after": "7" } },
    ],
  },
  {
    name: "fails inside",
    faults: [
      { kind: "status", status: 500 },
      { kind: "status", status: 502 },
      { kind: "status", status: 504 },
    ],
  },
];

describe("a server that", () => {
  it.for(passing)("$name while it is read: the bytes are right all the same", async ({ faults }) => {
    await using file = await setup.source.open(url);
    server.next(...faults);
    expect(await readBytes(file, 50_000, 10_000)).toEqual(bytes.slice(50_000, 60_000));
    expect(await readBytes(file, 0, bytes.length)).toEqual(bytes);
  });

  it.for(passing)("$name when a file is opened: it is opened all the same", async ({ faults }) => {
    server.next(...faults);
    await using file = await setup.source.open(url);
    expect(file.bytes).toBe(bytes.length);
    expect(await readBytes(file, 0, bytes.length)).toEqual(bytes);
  });

  it.for(passing)("$name while a file is downloaded: the copy is right all the same", async ({ faults }) => {
    await using file = await setup.source.open(url);
    server.next(...faults);
    expect(new Uint8Array(await readFile(await file.localPath()))).toEqual(bytes);
  });

  it.for(passing.map(({ name, faults }) => ({ name, fault: faults[0] })))(
    "$name for ever: one coded error, and nothing partial",
    async ({ fault }) => {
      await using file = await setup.source.open(url);
      server.always(fault);
      const target = new Uint8Array(20_000);
      await expect(file.readInto(target, 40_000)).rejects.toMatchObject({
        code: "TWIN_SOURCE_UNAVAILABLE",
        location: url,
      });
      await expect(file.localPath()).rejects.toMatchObject({ code: "TWIN_SOURCE_UNAVAILABLE" });
      await expect(setup.source.open(url)).rejects.toMatchObject({ code: "TWIN_SOURCE_UNAVAILABLE" });
      server.always(undefined);
      expect(await readBytes(file, 40_000, 20_000)).toEqual(bytes.slice(40_000, 60_000));
    },
  );

  it("answers a range with the whole file is asked again, then given up", async () => {
    await using file = await setup.source.open(url);
    server.next({ kind: "whole" });
    expect(await readBytes(file, 50_000, 10)).toEqual(bytes.slice(50_000, 50_010));
    server.always({ kind: "whole" });
    await expect(readBytes(file, 90_000, 10)).rejects.toMatchObject({ code: "TWIN_SOURCE_UNAVAILABLE" });
  });

  it("breaks off is continued where it did, not from the start", async () => {
    await using file = await setup.source.open(url);
    server.next({ kind: "drop", afterBytes: 6000 });
    await readBytes(file, 8192, 12_288);
    const ranges = server.requests.slice(1).map(({ headers }) => headers.range);
    expect(ranges[0]).toBe("bytes=8192-20479");
    expect(Number(/=(\d+)/.exec(ranges[1] ?? "")?.[1])).toBeGreaterThan(8192);
  });

  it("lies about the length is caught: nothing is made up", async () => {
    server.next({ kind: "lie", total: 200_000 });
    await using file = await setup.source.open(url);
    expect(file.bytes).toBe(200_000);
    await expect(readBytes(file, 150_000, 10)).rejects.toMatchObject({ code: "TWIN_READ_FAILED" });
    await expect(readBytes(file, 99_000, 10)).rejects.toMatchObject({ code: "TWIN_READ_FAILED" });
    await expect(file.localPath()).rejects.toMatchObject({ code: "TWIN_READ_FAILED" });
  });

  it("compresses what was to come as it is is refused", async () => {
    server.always({ kind: "gzip" });
    await expect(setup.source.open(url)).rejects.toMatchObject({
      code: "TWIN_FILE_UNREADABLE",
      message: expect.stringContaining("compressed (gzip)"),
    });
  });

  it("asks to wait is waited for, and no longer than the budget allows", async () => {
    server.next({ kind: "status", status: 429, headers: { "retry-after": "12" } });
    await using _file = await setup.source.open(url);
    expect(setup.pauses).toEqual([12_000]);
    server.next({ kind: "status", status: 503, headers: { "retry-after": "3600" } });
    await expect(setup.source.open(url)).rejects.toMatchObject({
      code: "TWIN_SOURCE_UNAVAILABLE",
      message: expect.stringContaining("it asks to wait 3600000 ms"),
    });
    expect(setup.pauses).toEqual([12_000]);
  });

  it("is not there at all is given up within tries and time", async () => {
    await server.close();
    await expect(setup.source.open(url)).rejects.toMatchObject({
      code: "TWIN_SOURCE_UNAVAILABLE",
      message: expect.stringContaining("5 tries"),
    });
    expect(setup.pauses).toHaveLength(4);
    // Half of 200, 400, 800, 1600: the jitter of the tests is one half.
    expect(setup.pauses).toEqual([100, 200, 400, 800]);
  });

  it.for([
    [401, "TWIN_FILE_UNREADABLE"],
    [403, "TWIN_FILE_UNREADABLE"],
    [404, "TWIN_FILE_NOT_FOUND"],
    [410, "TWIN_FILE_NOT_FOUND"],
    [418, "TWIN_FILE_UNREADABLE"],
  ] as const)("answers %i is asked once: %s", async ([status, code]) => {
    server.always({ kind: "status", status });
    await expect(setup.source.open(url)).rejects.toMatchObject({ code });
    expect(server.requests).toHaveLength(1);
  });
});

describe("a file that changes on the server", () => {
  const changed = bytes.toReversed();

  it.for(["strong", "weak", "modified"] as const)(
    "is noticed by its %s validator; bytes are never mixed",
    async (validator) => {
      await using other = await startHttpServer({ files: { "/a.nc": bytes }, validator });
      const { source, dispose } = await httpSetup(other.origin);
      await using file = await source.open(`${other.origin}/a.nc`);
      expect(await readBytes(file, 0, 5000)).toEqual(bytes.slice(0, 5000));
      other.put("/a.nc", changed);
      await expect(readBytes(file, 4000, 50_000)).rejects.toMatchObject({
        code: "TWIN_READ_FAILED",
        message: expect.stringContaining("changed since it was opened"),
      });
      await expect(file.localPath()).rejects.toMatchObject({ code: "TWIN_READ_FAILED" });
      await using again = await source.open(`${other.origin}/a.nc`);
      expect(again.version).not.toBe(file.version);
      expect(await readBytes(again, 0, bytes.length)).toEqual(changed);
      await dispose();
    },
  );

  it.for(["modified", "weak", "nginx"] as const)(
    "within the second that its %s validator tells is not read by ranges: both would look the same",
    async (validator) => {
      let age = 0;
      const modified = (): Date => new Date(Date.now() - age);
      await using other = await startHttpServer({ files: { "/a.nc": bytes }, validator, modified });
      const { source, dispose } = await httpSetup(other.origin);
      await using file = await source.open(`${other.origin}/a.nc`);
      other.put("/a.nc", changed);
      expect(await readBytes(file, 0, bytes.length)).toEqual(bytes);
      await using again = await source.open(`${other.origin}/a.nc`);
      expect(await readBytes(again, 0, bytes.length)).toEqual(changed);
      expect(file.version).toMatch(/^sha256:/);
      age = 60_000;
      await using settled = await source.open(`${other.origin}/a.nc`);
      expect(settled.version).not.toMatch(/^sha256:/);
      await dispose();
    },
  );

  it("within a broken download starts anew with the next open; no byte of the old remains", async () => {
    await using file = await setup.source.open(url);
    server.next({ kind: "drop", afterBytes: 30_000 });
    server.put("/b.nc", changed);
    const download = file.localPath({ onProgress: () => server.put("/a.nc", changed) });
    await expect(download).rejects.toMatchObject({ code: "TWIN_READ_FAILED" });
    await using again = await setup.source.open(url);
    expect(new Uint8Array(await readFile(await again.localPath()))).toEqual(changed);
  });

  it("shorter than before, too", async () => {
    await using file = await setup.source.open(url);
    server.put("/a.nc", bytes.subarray(0, 10_000));
    await expect(readBytes(file, 90_000, 100)).rejects.toMatchObject({ code: "TWIN_READ_FAILED" });
  });

  it("without any validator is read from one answer alone", async () => {
    await using other = await startHttpServer({
      files: { "/a.nc": bytes, "/small.nc": bytes.slice(0, 100) },
      validator: "none",
    });
    const { source, dispose } = await httpSetup(other.origin);
    await using file = await source.open(`${other.origin}/a.nc`);
    await using small = await source.open(`${other.origin}/small.nc`);
    other.put("/a.nc", changed);
    expect(await readBytes(file, 0, bytes.length)).toEqual(bytes);
    expect(file.version).toMatch(/^sha256:/);
    other.put("/small.nc", changed.slice(0, 100));
    expect(await readBytes(small, 0, 100)).toEqual(bytes.slice(0, 100));
    expect(new Uint8Array(await readFile(await small.localPath()))).toEqual(bytes.slice(0, 100));
    await using again = await source.open(`${other.origin}/a.nc`);
    expect(await readBytes(again, 0, bytes.length)).toEqual(changed);
    await dispose();
  });
});
