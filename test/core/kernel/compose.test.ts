import { describe, expect, it } from "vitest";
import { z } from "zod";
import {
  type CompositionError,
  constant,
  createTwin,
  definePlugin,
  defineTask,
  many,
  optional,
  type Plugins,
  type Token,
  type TwinOptions,
  token,
} from "../../../core/index.ts";
import { Lamp, lamp, Wall, wall, wallWith } from "./parts.ts";

async function problemsOf(options: TwinOptions): Promise<CompositionError["problems"]> {
  const error = await createTwin(options).then(
    () => undefined,
    (thrown: CompositionError) => thrown,
  );
  expect(error).toMatchObject({ code: "TWIN_INVALID_COMPOSITION" });
  return error?.problems ?? [];
}

describe("a composition that fits", () => {
  it("gives each part under the user's name, typed", async () => {
    await using twin = await createTwin({ plugins: { light: lamp({ colour: "red" }), room: wall() } });
    expect(twin.room.lit()).toBe("a red wall");
    expect(twin.light.colour).toBe("red");
    expect(Object.keys(twin)).toEqual(["light", "room", "stop", "seal"]);
  });

  it("applies the defaults of the options' schema", async () => {
    await using twin = await createTwin({ plugins: { light: lamp() } });
    expect(twin.light.colour).toBe("white");
  });

  it("creates each part once, whoever needs it", async () => {
    let created = 0;
    const counted = definePlugin({
      name: "test/counted",
      version: "1.0.0",
      provides: Lamp,
      create: () => ({ colour: `lamp ${++created}` }),
    });
    await using twin = await createTwin({ plugins: { a: wall(), b: wall(), light: counted() } });
    expect([twin.a.lit(), twin.b.lit()]).toEqual(["a lamp 1 wall", "a lamp 1 wall"]);
  });

  it("lets one part provide several tokens", async () => {
    const both = constant([Lamp, Wall], { colour: "blue", lit: () => "lit" });
    const probe = definePlugin({
      name: "test/probe",
      version: "1.0.0",
      provides: token<{ same: boolean }>("test/probe"),
      needs: { lamp: Lamp, wall: Wall },
      create: (needs) => ({ same: (needs.lamp as unknown) === needs.wall }),
    });
    await using twin = await createTwin({ plugins: { both, probe: probe() } });
    expect(twin.probe.same).toBe(true);
  });

  it("gives undefined for an optional need and an empty list for `many` when nobody provides them", async () => {
    const probe = definePlugin({
      name: "test/probe",
      version: "1.0.0",
      provides: token<{ seen: unknown }>("test/probe"),
      needs: { lamp: optional(Lamp), walls: many(Wall) },
      create: (needs) => ({ seen: { ...needs } }),
    });
    await using twin = await createTwin({ plugins: { probe: probe() } });
    expect(twin.probe.seen).toEqual({ lamp: undefined, walls: [] });
  });

  it("leaves an optional need that is only wired unmet without a wire, so that two such parts do not need each other", async () => {
    const lantern = definePlugin({
      name: "test/lantern",
      version: "1.0.0",
      provides: Lamp,
      needs: { spare: optional(Lamp, { onlyWired: true }) },
      create: ({ spare }) => ({ colour: `${spare?.colour ?? "no"} spare` }),
    });
    await using alone = await createTwin({ plugins: { a: lantern(), b: lantern(), c: lamp() } });
    expect([alone.a.colour, alone.b.colour]).toEqual(["no spare", "no spare"]);
    await using wired = await createTwin({
      plugins: { a: lantern(), b: lantern(), c: lamp() },
      wire: { a: { spare: "b" }, b: { spare: "c" } },
    });
    expect([wired.a.colour, wired.b.colour]).toEqual(["white spare spare", "white spare"]);
    const circle = { plugins: { a: lantern(), b: lantern() }, wire: { a: { spare: "b" }, b: { spare: "a" } } };
    expect(await problemsOf(circle)).toMatchObject([{ code: "TWIN_DEPENDENCY_CYCLE" }]);
    const itself = { plugins: { a: lantern() }, wire: { a: { spare: "a" } } };
    expect(await problemsOf(itself)).toMatchObject([{ code: "TWIN_INVALID_WIRE" }]);
  });

  it("gives `many` all providers in the order of the composition, and single needs beside it their own", async () => {
    const probe = definePlugin({
      name: "test/probe",
      version: "1.0.0",
      provides: token<{ seen: unknown }>("test/probe"),
      needs: { lamps: many(Lamp), wall: Wall },
      create: ({ lamps, wall: { lit } }) => ({ seen: [lamps.map(({ colour }) => colour), lit()] }),
    });
    const plugins = {
      probe: probe(),
      b: lamp({ colour: "blue" }),
      a: lamp({ colour: "amber" }),
      wall: constant(Wall, { lit: () => "lit" }),
    };
    await using twin = await createTwin({ plugins });
    expect(twin.probe.seen).toEqual([["blue", "amber"], "lit"]);
  });

  it("gives a part that provides what it needs the other provider", async () => {
    const dimmer = definePlugin({
      name: "test/dimmer",
      version: "1.0.0",
      provides: Lamp,
      needs: { lamp: Lamp },
      create: ({ lamp: { colour } }) => ({ colour: `dim ${colour}` }),
    });
    await using twin = await createTwin({
      plugins: { dimmer: dimmer(), light: lamp(), room: wall() },
      wire: { room: { lamp: "dimmer" } },
    });
    expect(twin.room.lit()).toBe("a dim white wall");
  });

  it("follows the user's wiring, also for `many`", async () => {
    const probe = definePlugin({
      name: "test/probe",
      version: "1.0.0",
      provides: token<{ colours: string[] }>("test/probe"),
      needs: { lamps: many(Lamp) },
      create: ({ lamps }) => ({ colours: lamps.map(({ colour }) => colour) }),
    });
    await using twin = await createTwin({
      plugins: {
        a: lamp({ colour: "a" }),
        b: lamp({ colour: "b" }),
        c: lamp({ colour: "c" }),
        probe: probe(),
        room: wall(),
      },
      wire: { probe: { lamps: ["c", "a"] }, room: { lamp: "b" } },
    });
    expect(twin.probe.colours).toEqual(["c", "a"]);
    expect(twin.room.lit()).toBe("a b wall");
  });

  it("adds a clock and a log where the composition has none, and uses the composition's where it has", async () => {
    const { Clock, Log } = await import("../../../core/index.ts");
    const probe = definePlugin({
      name: "test/probe",
      version: "1.0.0",
      provides: token<{ now(): number }>("test/probe"),
      needs: { clock: Clock, log: Log },
      create: ({ clock, log }) => {
        log.debug({}, "not shown at the default level");
        return { now: () => clock.now() };
      },
    });
    const before = Date.now();
    await using twin = await createTwin({ plugins: { probe: probe() } });
    expect(twin.probe.now()).toBeGreaterThanOrEqual(before);
    await using replay = await createTwin({ plugins: { probe: probe(), time: constant(Clock, { now: () => 42 }) } });
    expect(replay.probe.now()).toBe(42);
  });
});

describe("a composition that does not fit", () => {
  it("reports everything at once and creates nothing", async () => {
    let created = 0;
    const never = wallWith({ create: () => ({ lit: () => `${++created}` }) });
    const problems = await problemsOf({
      plugins: {
        run: lamp(),
        light: lamp({ color: "red" } as object),
        room: never(),
        newer: wallWith({ engine: ">=99" })(),
        hall: wallWith({ needs: { sun: token("test/sun") } })(),
      },
    });
    expect(problems.map(({ part, code }) => `${part} ${code}`)).toEqual([
      "run TWIN_NAME_CLASH",
      "light TWIN_INVALID_OPTIONS",
      "room TWIN_AMBIGUOUS_PROVIDER",
      "newer TWIN_VERSION_MISMATCH",
      "newer TWIN_AMBIGUOUS_PROVIDER",
      "hall TWIN_UNMET_NEED",
    ]);
    expect(created).toBe(0);
  });

  it("says it in words", async () => {
    const composing = createTwin({
      name: "demo",
      plugins: { light: lamp({ color: "red" } as object), room: wallWith({ needs: { sun: token("test/sun") } })() },
    });
    await expect(composing).rejects.toThrowErrorMatchingInlineSnapshot(`
      [CompositionError: Twin "demo" cannot be composed:
        - Part "light" (test/lamp): option "color": Unknown. Did you mean "colour"? There is: colour. [TWIN_INVALID_OPTIONS]
        - Part "room" (test/wall) needs a test/sun (its need "sun"), but no plugin in this twin provides one. Provided: test/lamp (light), test/wall (room). [TWIN_UNMET_NEED]]
    `);
  });

  it("names the parts that could meet an ambiguous need, and how to choose", async () => {
    const [problem] = await problemsOf({ plugins: { a: lamp(), b: lamp(), room: wall() } });
    expect(problem).toMatchObject({
      code: "TWIN_AMBIGUOUS_PROVIDER",
      part: "room",
      message: expect.stringMatching(
        /2 parts provide it: a, b\. Choose one, for example wire: \{ room: \{ lamp: "a" \} \}/,
      ),
    });
  });

  it("calls an optional need ambiguous too, rather than choosing by itself", async () => {
    const room = wallWith({ needs: { lamp: optional(Lamp) } });
    expect(await problemsOf({ plugins: { a: lamp(), b: lamp(), room: room() } })).toMatchObject([
      { code: "TWIN_AMBIGUOUS_PROVIDER" },
    ]);
  });

  it("names a cycle in order, each one once", async () => {
    const link = (name: string, provides: Token<object>, needs: Record<string, Token<object>>) =>
      definePlugin({ name, version: "1.0.0", provides, needs, create: () => ({}) })();
    const [a, b, c, d] = ["a", "b", "c", "d"].map((name) => token<object>(`test/${name}`)) as [
      Token<object>,
      Token<object>,
      Token<object>,
      Token<object>,
    ];
    const problems = await problemsOf({
      plugins: {
        start: link("test/s", token("test/s"), { first: a }),
        a: link("test/a", a, { next: b }),
        b: link("test/b", b, { next: c }),
        c: link("test/c", c, { next: a }),
        d: link("test/d", d, {}),
      },
    });
    expect(problems).toMatchObject([{ code: "TWIN_DEPENDENCY_CYCLE", part: "a" }]);
    expect(problems[0]?.message).toBe(
      "Parts need each other in a circle: a → b → c → a. a needs b (next); b needs c (next); c needs a (next).",
    );
  });

  it("says that a part which needs what only itself provides needs another one", async () => {
    const self = wallWith({ provides: Lamp });
    const [problem] = await problemsOf({ plugins: { self: self() } });
    expect(problem).toMatchObject({ code: "TWIN_UNMET_NEED", message: expect.stringContaining("no other plugin") });
  });

  it.each(["then", "stop", "run", "seal", "spec", "constructor", "toString", "hasOwnProperty"])(
    "refuses the part name %s",
    async (name) => {
      expect(await problemsOf({ plugins: { [name]: lamp() } })).toMatchObject([
        { code: "TWIN_NAME_CLASH", part: name, path: ["plugins", name], at: "key" },
      ]);
    },
  );

  it.each(["", " ", "1", "a.b", "a b", "-a", "__proto__", "twinloom:log", "a\n"])(
    "refuses %j as the name of a part",
    async (name) => {
      const plugins: Plugins = Object.fromEntries([[name, lamp()]]);
      expect(await problemsOf({ plugins })).toMatchObject([{ code: "TWIN_INVALID_NAME", part: name }]);
      expect(({} as { colour?: string }).colour).toBeUndefined();
    },
  );

  it("tells somebody who passed the factory to call it", async () => {
    const plugins = { light: lamp } as unknown as Plugins;
    expect(await problemsOf({ plugins })).toMatchObject([
      { code: "TWIN_INVALID_PLUGIN", message: expect.stringContaining("call it") },
    ]);
  });

  it.each([
    undefined,
    null,
    7,
    {},
    { definition: {} },
    { definition: { name: "x", create: () => 1, provides: "lamp" } },
  ])("refuses %j as a plugin", async (value) => {
    const plugins = { light: value } as unknown as Plugins;
    expect(await problemsOf({ plugins })).toMatchObject([{ code: "TWIN_INVALID_PLUGIN", part: "light" }]);
  });

  it.each<[object, string]>([
    [{ provides: undefined }, "not a token"],
    [{ needs: { light: undefined } }, 'no token: "light"'],
    [{ tasks: {} }, "tasks that are no list"],
    [{ tasks: [null] }, "a task that is none"],
    [{ tasks: [{ name: "paint", run: async () => null }] }, "a task that is none"],
    [{ tasks: [{ name: "paint", run: async () => null, parameters: z.object({}) }] }, "without `needs`"],
  ])("refuses a definition that the compiler would not have let pass: %j", async (changes, message) => {
    const room = wallWith({ needs: {}, ...changes });
    expect(await problemsOf({ plugins: { room: room() } })).toMatchObject([
      { code: "TWIN_INVALID_PLUGIN", part: "room", message: expect.stringContaining(message) },
    ]);
  });

  it.each([undefined, null, {}, { plugins: null }])("says that plugins are missing in %j", async (options) => {
    await expect(createTwin(options as unknown as TwinOptions)).rejects.toMatchObject({
      code: "TWIN_INVALID_ARGUMENT",
      message: expect.stringContaining("needs `plugins`"),
    });
  });

  it("counts a part once that names a token twice", async () => {
    const twice = definePlugin({
      name: "test/twice",
      version: "1.0.0",
      provides: [Lamp, Lamp],
      create: () => ({ colour: "pink" }),
    });
    await using twin = await createTwin({ plugins: { light: twice(), room: wall() } });
    expect(twin.room.lit()).toBe("a pink wall");
  });

  it("refuses two tasks of one name in one plugin", async () => {
    const task = defineTask({
      name: "paint",
      description: "Paints.",
      parameters: z.object({}),
      needs: {},
      inputs: {},
      outputs: {},
      run: async () => null,
    });
    const room = wallWith({ needs: {}, tasks: [task, task] });
    expect(await problemsOf({ plugins: { room: room() } })).toMatchObject([
      { code: "TWIN_NAME_CLASH", message: expect.stringContaining('two tasks of the name "paint"') },
    ]);
  });

  it.each([
    [{ engine: "^99" }, {}, "but this is twinloom"],
    [{ engine: "not a range" }, {}, "not a range"],
    [{ version: "one" }, {}, "not a semantic version"],
    [{}, { room: "^2" }, "asks for version ^2 of test/wall, but 1.0.0 is installed"],
    [{}, { room: "x.y" }, "not a range"],
  ])("compares versions: plugin %j, pinned %j", async (changes, versions, message) => {
    const room = wallWith({ needs: {}, ...changes });
    expect(await problemsOf({ plugins: { room: room() }, versions })).toMatchObject([
      { code: "TWIN_VERSION_MISMATCH", part: "room", message: expect.stringContaining(message) },
    ]);
  });

  it("accepts versions that fit, prereleases of the plugin included", async () => {
    const room = wallWith({ needs: {}, create: () => ({ lit: () => "" }), engine: "^0.1.0", version: "1.1.0-beta.2" });
    await using twin = await createTwin({ plugins: { room: room() }, versions: { room: "^1.0" } });
    expect(twin.room).toBeDefined();
  });

  it.each([
    [{ room: { lamp: "b" } }, 'names "b", which does not provide it'],
    [{ room: { lamp: "nobody" } }, 'names "nobody"'],
    [{ room: { lamp: ["a", "a2"] } }, "must name one part"],
    [{ room: { lamp: 7 } }, "must be the name of a part"],
    [{ room: { lmp: "a" } }, 'has no need "lmp" to wire. Did you mean "lamp"?'],
    [{ rom: { lamp: "a" } }, 'names the part "rom", which this twin does not have. Did you mean "room"?'],
  ])("refuses the wiring %j", async (wire, message) => {
    const plugins = { a: lamp(), a2: lamp(), b: constant(Wall, { lit: () => "" }), room: wall() };
    const problems = await problemsOf({ plugins, wire } as unknown as TwinOptions);
    const wrong = problems.filter(({ code }) => code === "TWIN_INVALID_WIRE");
    expect(wrong).toMatchObject([{ message: expect.stringContaining(message) }]);
  });

  it("checks the wiring of a need that only a task of the plugin has", async () => {
    const task = defineTask({
      name: "paint",
      description: "Paints.",
      parameters: z.object({}),
      needs: { light: Lamp },
      inputs: {},
      outputs: {},
      run: async () => null,
    });
    const plugins = { a: lamp(), b: lamp(), room: wallWith({ needs: {}, create: () => ({}), tasks: [task] })() };
    await using twin = await createTwin({ plugins, wire: { room: { light: "b" } } });
    expect(twin.room).toBeDefined();
    expect(await problemsOf({ plugins, wire: { room: { light: "room" } } })).toMatchObject([
      { code: "TWIN_INVALID_WIRE", path: ["wire", "room", "light"] },
    ]);
  });

  it("refuses wiring a part to itself", async () => {
    const dimmer = wallWith({ provides: Lamp });
    const options = { plugins: { dimmer: dimmer(), a: lamp() }, wire: { dimmer: { lamp: "dimmer" } } };
    expect(await problemsOf(options)).toMatchObject([{ code: "TWIN_INVALID_WIRE" }]);
  });

  it("does not repeat the value of a wrong option, which may be secret", async () => {
    const [problem] = await problemsOf({ plugins: { light: lamp({ colour: ["hunter2"] } as object) } });
    expect(problem?.code).toBe("TWIN_INVALID_OPTIONS");
    expect(problem?.message).not.toContain("hunter2");
  });
});
