import { describe, expect, it } from "vitest";
import { federate, PartUnavailableError } from "../../../../core/index.ts";
import { temperatures, testPart } from "./fixtures.ts";

const along = "time";

function parts() {
  return [
    testPart("cern", temperatures([0, 1, 2])),
    testPart("ipsl", temperatures([3, 4])),
    testPart("gfdl", temperatures([5, 6, 7])),
  ] as const;
}

describe("a part that goes away", () => {
  it("fails the reads that need it, by name, and no others; the next read tries again", async () => {
    const all = parts();
    await using federation = await federate({ along, parts: all, maxOpen: 1, concurrency: 1 });
    const tas = federation.variables["tas"];
    all[1].isAway = true;
    expect((await tas?.read({ time: { start: 0, stop: 3 } }))?.size).toBe(9);
    const error = await tas?.read().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(PartUnavailableError);
    expect(error).toMatchObject({ code: "TWIN_PART_UNAVAILABLE", part: "ipsl", cause: expect.any(Error) });
    expect((error as Error).message).toContain('"ipsl" does not answer.');
    expect(federation.parts.map(({ state }) => state)).toEqual(["available", "unavailable", "available"]);
    expect(federation.parts[1]?.error?.message).toContain("does not answer");
    expect((await tas?.read({ time: -1, lat: 0 }))?.at()).toBe(700);
    all[1].isAway = false;
    expect((await tas?.read({ lat: 0 }))?.values()).toEqual(Float64Array.of(0, 100, 200, 300, 400, 500, 600, 700));
    expect(federation.parts[1]?.state).toBe("available");
  });

  it("fails a read that is under way when it goes, though its file is open", async () => {
    const all = parts();
    await using federation = await federate({ along, parts: all });
    all[2].isAway = true;
    await expect(federation.variables["tas"]?.read({ time: 6 })).rejects.toMatchObject({ part: "gfdl" });
    all[2].isAway = false;
    expect((await federation.variables["tas"]?.read({ time: 6, lat: 0 }))?.at()).toBe(600);
  });
});

describe("a part that is away from the start", () => {
  it("is told, and only reads that may need it fail", async () => {
    const all = parts();
    all[1].isAway = true;
    await using federation = await federate({ along, parts: all });
    expect(federation.parts.map(({ state, error }) => [state, error?.message])).toEqual([
      ["available", undefined],
      ["unavailable", '"ipsl" does not answer.'],
      ["available", undefined],
    ]);
    const tas = federation.variables["tas"];
    expect((await tas?.read({ time: { from: 0, to: 2 }, lat: 0 }))?.values()).toEqual(Float64Array.of(0, 100, 200));
    expect((await tas?.read({ time: { value: 6 }, lat: 0 }))?.at()).toBe(600);
    expect((await federation.variables["lat"]?.read())?.size).toBe(3);
    // Whole, by index (what index 3 is nobody knows), over the gap, beyond the ends.
    for (const time of [{}, 3, { start: 0, stop: 2 }, { from: 1, to: 6 }, { from: -5, to: 1 }, { from: 6, to: 99 }]) {
      await expect(tas?.read({ time })).rejects.toMatchObject({ code: "TWIN_PART_UNAVAILABLE", part: "ipsl" });
    }
    all[1].isAway = false;
    await expect(tas?.read()).rejects.toThrow(/open the federation again/);
    await using again = await federate({ along, parts: all });
    expect((await again.variables["tas"]?.read())?.shape).toEqual([8, 3]);
  });

  it("is left out, or refused, on request", async () => {
    const all = parts();
    all[0].isAway = true;
    await using without = await federate({ along, parts: all, unavailable: "omit" });
    expect((await without.variables["tas"]?.read({ lat: 0 }))?.values()).toEqual(
      Float64Array.of(300, 400, 500, 600, 700),
    );
    expect(without.parts[0]?.state).toBe("unavailable");
    await expect(federate({ along, parts: all, unavailable: "refuse" })).rejects.toMatchObject({ part: "cern" });
    for (const part of all) expect(part.isOpen).toBeLessThanOrEqual(1);
  });

  it("cannot be all of them", async () => {
    const all = parts();
    for (const part of all) part.isAway = true;
    await expect(federate({ along, parts: all })).rejects.toMatchObject({ code: "TWIN_PART_UNAVAILABLE" });
  });
});
