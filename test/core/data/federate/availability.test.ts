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

describe("a read that fails", () => {
  it("leaves no file open that nobody uses any more", async () => {
    const part = testPart("a", temperatures([0, 1, 2]));
    await using federation = await federate({ along, parts: [part] });
    const tas = federation.variables["tas"];
    let goOn = (): void => undefined;
    const waiting = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    // A slow read of the file that another read finds broken; a third one opens it anew.
    part.delays = [waiting];
    const slow = tas?.read({ time: 0, lat: 0 });
    await new Promise(setImmediate);
    part.isAway = true;
    await expect(tas?.read({ time: 1 })).rejects.toMatchObject({ part: "a" });
    part.isAway = false;
    expect((await tas?.read({ time: 2, lat: 0 }))?.at()).toBe(200);
    expect(part.isOpen).toBe(2);
    goOn();
    expect((await slow)?.at()).toBe(0);
    await new Promise(setImmediate);
    expect(part.isOpen).toBe(1);
    await federation.close();
    expect(part.isOpen).toBe(0);
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

  it("may lie between every two values of the others: their own steps tell", async () => {
    const even = testPart("even", temperatures([0, 2, 4]));
    const odd = testPart("odd", temperatures([8, 10]));
    const years = [0, 2, 4].map((year) => testPart(`year ${year}`, temperatures([year])));
    const away = testPart("away", temperatures([1, 3]));
    away.isAway = true;
    await using known = await federate({ along, parts: [even, odd, away] });
    expect((await known.variables["tas"]?.read({ time: { from: 0, to: 4 }, lat: 0 }))?.size).toBe(3);
    await expect(known.variables["tas"]?.read({ time: { from: 4, to: 8 } })).rejects.toMatchObject({ part: "away" });
    // Steps of 2 are the usual ones here, but only because every other part is away.
    await using unknown = await federate({ along, parts: [...years, away] });
    expect((await unknown.variables["tas"]?.read({ time: { value: 2 }, lat: 0 }))?.at()).toBe(200);
    await expect(unknown.variables["tas"]?.read({ time: { from: 0, to: 4 } })).rejects.toMatchObject({ part: "away" });
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
