import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import {
  type AnyTask,
  compositionOf,
  constant,
  createTwin,
  defineTask,
  ENGINE_VERSION,
  findTask,
  many,
  optional,
  resolveNeeds,
  type TwinControl,
} from "../../../core/index.ts";
import { Lamp, lamp, Wall, wall, wallWith } from "./parts.ts";

function task(name: string): AnyTask {
  const nothing = { parameters: z.object({}), needs: { light: Lamp }, inputs: {}, outputs: {} };
  return defineTask({ name, description: "Does nothing.", ...nothing, run: async () => null });
}

describe("what a twin tells about itself", () => {
  it("has the composition, its name, and its tasks with the parts that bring them", async () => {
    const paint = task("paint");
    const plugins = { room: wallWith({ tasks: [paint] })(), light: lamp() };
    await using twin = await createTwin({ name: "house", plugins, plans: { monday: {} } });
    expect(compositionOf(twin)).toMatchObject({ name: "house", plugins, plans: { monday: {} } });
    expect(compositionOf(twin).tasks).toEqual([{ part: "room", task: paint }]);
  });

  it("finds tasks by name, and by part and name", async () => {
    const room = wallWith({ tasks: [task("paint"), task("sweep")] });
    const hall = wallWith({ tasks: [task("paint")] });
    await using twin = await createTwin({ plugins: { room: room(), hall: hall(), light: lamp() } });
    expect(findTask(twin, "sweep").part).toBe("room");
    expect(findTask(twin, "hall.paint").part).toBe("hall");
    expect(() => findTask(twin, "paint")).toThrow(/Say whose: room\.paint or hall\.paint/);
    expect(() => findTask(twin, "sweeep")).toThrow(/has no task "sweeep"\. Did you mean "sweep"\?/);
  });

  it("refuses what is not a twin", () => {
    expect(() => compositionOf({} as TwinControl)).toThrow(expect.objectContaining({ code: "TWIN_INVALID_ARGUMENT" }));
  });

  it("knows the version of the package", () => {
    const { version } = JSON.parse(readFileSync(new URL("../../../package.json", import.meta.url), "utf8"));
    expect(ENGINE_VERSION).toBe(version);
  });
});

describe("resolveNeeds", () => {
  it("gives the parts that meet needs", async () => {
    await using twin = await createTwin({ plugins: { light: lamp({ colour: "red" }), room: wall() } });
    const { wall: room, lamps } = resolveNeeds(twin, { wall: Wall, lamps: many(Lamp) });
    expect(room.lit()).toBe("a red wall");
    expect(lamps.map(({ colour }) => colour)).toEqual(["red"]);
  });

  it("follows the wiring of the part that owns the task, prefers that part, and else wants one provider", async () => {
    const bright = constant([Lamp, Wall], { colour: "bright", lit: () => "bright" });
    const plugins = {
      a: lamp({ colour: "a" }),
      b: lamp({ colour: "b" }),
      bright,
      room: wallWith({ tasks: [task("x")] })(),
    };
    await using twin = await createTwin({ plugins, wire: { room: { lamp: "a", light: "b" } } });
    expect(resolveNeeds(twin, { light: Lamp }, { part: "room" }).light.colour).toBe("b");
    expect(resolveNeeds(twin, { light: Lamp }, { part: "bright" }).light.colour).toBe("bright");
    expect(() => resolveNeeds(twin, { light: Lamp }, { part: "a", needer: 'Task "x"' })).not.toThrow();
    expect(() => resolveNeeds(twin, { light: Lamp }, { needer: 'Task "x"' })).toThrow(
      expect.objectContaining({
        code: "TWIN_INVALID_COMPOSITION",
        problems: [expect.objectContaining({ code: "TWIN_AMBIGUOUS_PROVIDER" })],
        message: expect.stringContaining('Task "x" needs one test/lamp'),
      }),
    );
  });

  it("takes a need of any name for what it is", async () => {
    await using twin = await createTwin({ plugins: { light: lamp(), room: wall() }, wire: { room: {} } });
    const needs = { constructor: Lamp, toString: Wall };
    expect(resolveNeeds(twin, needs, { part: "room" })).toEqual({ constructor: twin.light, toString: twin.room });
    expect(resolveNeeds(twin, { lamp: Lamp }, { part: "valueOf" }).lamp).toBe(twin.light);
  });

  it("reports every unmet need", async () => {
    await using twin = await createTwin({ plugins: {} });
    expect(resolveNeeds(twin, { lamp: optional(Lamp) })).toEqual({ lamp: undefined });
    expect(() => resolveNeeds(twin, { lamp: Lamp, wall: Wall })).toThrow(
      expect.objectContaining({
        problems: [
          expect.objectContaining({ code: "TWIN_UNMET_NEED" }),
          expect.objectContaining({ code: "TWIN_UNMET_NEED" }),
        ],
      }),
    );
  });

  it("refuses a twin that is stopped", async () => {
    const twin = await createTwin({ name: "old", plugins: { light: lamp() } });
    await twin.stop();
    expect(() => resolveNeeds(twin, { lamp: Lamp })).toThrow(expect.objectContaining({ code: "TWIN_STOPPED" }));
  });
});
