import { createHash } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { AccessLog, federate, type ReadEvent, watchReads, withDigests } from "../../../../core/index.ts";
import { temperatures, testPart } from "../federate/fixtures.ts";

describe("watchReads", () => {
  it("tells source, version, variable, what was read by index, and bytes", async () => {
    const reads: ReadEvent[] = [];
    const watched = watchReads(await testPart("a", temperatures([0, 1, 2])).open({}), (read) => reads.push(read));
    await watched.variables["tas"]?.read({ time: { from: "2000-01-02", to: "2000-01-03" }, lat: 1 });
    await watched.variables["lat"]?.read();
    const common = { source: "test:a", format: "test", version: "1" };
    expect(reads).toEqual([
      { ...common, variable: "/time", selection: {}, bytes: 24 }, // by which the dates were found
      { ...common, variable: "/tas", selection: { time: { start: 1, stop: 3 }, lat: 1 }, bytes: 16 },
      { ...common, variable: "/lat", selection: {}, bytes: 24 },
    ]);
  });

  it("tells of a federation what was read of its parts, and what brought them together", async () => {
    const log = new AccessLog();
    const parts = [testPart("late", temperatures([2, 3])), testPart("early", temperatures([0, 1]))];
    await using all = await federate({ along: "time", parts });
    const watched = log.watch(all);
    await watched.variables["tas"]?.read({ time: 3, lat: 0 });
    await all.variables["tas"]?.read(); // not watched
    expect(log.record()).toEqual({
      sources: [
        {
          location: "test:early",
          format: "test",
          version: "1",
          reads: [{ variable: "/time", selection: {}, reads: 1, bytes: 16 }],
        },
        {
          location: "test:late",
          format: "test",
          version: "1",
          reads: [
            {
              variable: "/tas",
              selection: { time: { start: 1, stop: 2 }, lat: { start: 0, stop: 1 } },
              reads: 1,
              bytes: 8,
            },
            { variable: "/time", selection: {}, reads: 1, bytes: 16 },
          ],
        },
      ],
      bytes: 40,
    });
  });

  it("tells chunks as it tells reads, and no credentials", async () => {
    const opened = await testPart("a", temperatures([0, 1])).open({});
    const log = new AccessLog();
    const watched = log.watch({ ...opened, location: "https://user:secret@example.org/a.nc?token=secret" });
    for await (const _ of watched.variables["lat"]?.chunks() ?? []);
    await watched.variables["lat"]?.read();
    expect(log.record().sources).toEqual([
      {
        location: "https://example.org/a.nc?token=…",
        format: "test",
        version: "1",
        reads: [{ variable: "/lat", selection: {}, reads: 2, bytes: 48 }],
      },
    ]);
  });

  it("goes through federations of federations", async () => {
    const log = new AccessLog();
    const inner = { name: "inner", open: () => federate({ along: "time", parts: [testPart("a", temperatures([0]))] }) };
    await using all = await federate({ along: "time", parts: [inner] });
    await log.watch(all).variables["tas"]?.read();
    expect(log.record().sources.map(({ location }) => location)).toContain("test:a");
  });
});

describe("AccessLog", () => {
  const read = (start: number): ReadEvent => ({
    source: "a.nc",
    format: "netcdf",
    version: undefined,
    variable: "/tas",
    selection: { time: start },
    bytes: 8,
  });

  it("is the same for the same reads in any order, each selection once", () => {
    const records = [
      [3, 1, 3, 2],
      [1, 2, 3, 3],
    ].map((starts) => {
      const log = new AccessLog();
      for (const start of starts) log.add(read(start));
      return log.record();
    });
    expect(records[0]).toEqual(records[1]);
    expect(records[0]?.sources[0]?.reads.map(({ reads }) => reads)).toEqual([1, 1, 2]);
  });

  it("counts selections together where there are too many", () => {
    const log = new AccessLog({ mostSelections: 10 });
    for (let i = 0; i < 1000; i++) log.add(read(i));
    expect(log.record()).toEqual({
      sources: [
        {
          location: "a.nc",
          format: "netcdf",
          version: null,
          reads: [{ variable: "/tas", selection: null, reads: 1000, bytes: 8000 }],
        },
      ],
      bytes: 8000,
    });
  });

  it("adds digests of local files on request", async () => {
    const folder = await mkdtemp(join(tmpdir(), "twinloom-access-"));
    const path = join(folder, "a.nc");
    await writeFile(path, "values");
    const log = new AccessLog();
    log.add({ ...read(0), source: path });
    log.add({ ...read(0), source: "https://example.org/a.nc" });
    const { sources } = await withDigests(log.record());
    const digest = `sha256:${createHash("sha256").update("values").digest("hex")}`;
    expect(sources.map((source) => source.digest)).toEqual([digest, undefined]);
    await rm(folder, { recursive: true });
  });
});
