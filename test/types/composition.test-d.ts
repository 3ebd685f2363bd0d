/**
 * What the compiler must refuse, and what it must know. Nothing here runs: `npm run check:types` fails when a line below
 * an expectation has no error, or when another line has one.
 */
import { z } from "zod";
import {
  constant,
  createTwin,
  definePlugin,
  env,
  many,
  optional,
  type Plugin,
  type PluginFactory,
  resolveNeeds,
  type SecretReference,
  type Startable,
  secret,
  type Token,
  type Twin,
  token,
} from "../../core/index.ts";

interface Lamp {
  readonly colour: string;
}
const Lamp: Token<Lamp> = token("types/lamp");

interface Wall {
  lit(): string;
}
const Wall: Token<Wall> = token("types/wall");

interface LampOptions {
  colour: string;
  watt?: number | undefined;
  password?: SecretReference | undefined;
}
const lampOptions = z.object({ colour: z.string(), watt: z.number().optional(), password: secret().optional() });
const base = { name: "types/x", version: "1.0.0" } as const;

const lamp: PluginFactory<LampOptions, Lamp> = definePlugin({
  ...base,
  provides: Lamp,
  options: lampOptions,
  create: (_needs, { colour }) => ({ colour }),
});
const wall: PluginFactory<Record<never, never>, Wall & { readonly height: number }> = definePlugin({
  ...base,
  provides: Wall,
  needs: { lamp: Lamp },
  create: ({ lamp: { colour } }) => ({ lit: () => colour, height: 3 }),
});

export function definitions(): void {
  // @ts-expect-error create gives something else than the plugin provides
  definePlugin({ ...base, provides: Lamp, create: () => ({ color: "red" }) });
  // @ts-expect-error a promise of something else, too
  definePlugin({ ...base, provides: Lamp, create: async () => ({ colour: 7 }) });
  // @ts-expect-error one of two provided tokens is not met
  definePlugin({ ...base, provides: [Lamp, Wall], create: () => ({ colour: "red" }) });
  definePlugin({ ...base, provides: [Lamp, Wall], create: () => ({ colour: "red", lit: () => "" }) });

  definePlugin({
    ...base,
    provides: Wall,
    needs: { lamp: Lamp },
    // @ts-expect-error the need has no such member
    create: (needs) => ({ lit: () => needs.lamp.color }),
  });
  definePlugin({
    ...base,
    provides: Wall,
    needs: { lamp: Lamp },
    // @ts-expect-error there is no such need
    create: (needs) => ({ lit: () => needs.lmp.colour }),
  });
  definePlugin({
    ...base,
    provides: Wall,
    needs: { lamp: optional(Lamp) },
    // @ts-expect-error an optional need may be undefined
    create: (needs) => ({ lit: () => needs.lamp.colour }),
  });
  definePlugin({
    ...base,
    provides: Wall,
    needs: { lamps: many(Lamp) },
    // @ts-expect-error many gives a list
    create: (needs) => ({ lit: () => needs.lamps.colour }),
  });
  definePlugin({
    ...base,
    provides: Wall,
    options: lampOptions,
    // @ts-expect-error the options have no such member
    create: (_needs, options) => ({ lit: () => options.color }),
  });
  // @ts-expect-error a plugin has a version
  definePlugin({ name: "types/x", provides: Lamp, create: () => ({ colour: "" }) });
  // @ts-expect-error start takes an object with a signal
  const part: Startable = { start: (signal: AbortSignal) => void signal.aborted };
  void part;
}

export function options(): void {
  lamp({ colour: "red" });
  lamp({ colour: "red", password: env("PASSWORD") });
  wall();
  // @ts-expect-error an option is missing
  lamp({});
  // @ts-expect-error the options are missing
  lamp();
  // @ts-expect-error an option of another type
  lamp({ colour: 7 });
  // @ts-expect-error a misspelt option
  lamp({ colour: "red", wat: 60 });
  // @ts-expect-error a secret is never a plain text
  lamp({ colour: "red", password: "hunter2" });
}

export function constants(): void {
  constant(Lamp, { colour: "red" });
  constant([Lamp, Wall], { colour: "red", lit: () => "" });
  // @ts-expect-error a wrong fake
  constant(Lamp, { color: "red" });
  // @ts-expect-error a fake with a member of another type
  constant(Lamp, { colour: 7 });
  // @ts-expect-error a fake for one of two tokens only
  constant([Lamp, Wall], { colour: "red" });
}

export async function twins(): Promise<void> {
  const fake = { colour: "red", calls: 0 };
  const twin = await createTwin({ plugins: { light: constant(Lamp, fake), room: wall() } });
  twin.light.calls satisfies number;
  twin.room.height satisfies number;
  twin.stop() satisfies Promise<void>;
  twin satisfies Twin;
  // @ts-expect-error the twin has no such part
  twin.rooms;
  // @ts-expect-error the part has no such member
  twin.room.dark;
  // @ts-expect-error parts are not replaced
  twin.light = fake;
  // @ts-expect-error a plugin's factory is no plugin
  await createTwin({ plugins: { light: lamp } });
  // @ts-expect-error a part is no plugin
  await createTwin({ plugins: { light: fake } });
  await createTwin({
    plugins: { a: lamp({ colour: "" }), b: lamp({ colour: "" }), room: wall() },
    wire: { room: { lamp: "a" } },
  });
  // @ts-expect-error wiring to a part that is not there
  await createTwin({ plugins: { light: lamp({ colour: "" }), room: wall() }, wire: { room: { lamp: "lihgt" } } });
  // @ts-expect-error wiring of a part that is not there
  await createTwin({ plugins: { light: lamp({ colour: "" }), room: wall() }, wire: { rom: { lamp: "light" } } });
  // @ts-expect-error the signal belongs to createTwin, not in a plugin's place
  await createTwin({ plugins: { light: new AbortController().signal } });
}

export function needs(twin: Twin): void {
  const found = resolveNeeds(twin, { lamp: Lamp, wall: optional(Wall), lamps: many(Lamp) });
  found.lamp.colour satisfies string;
  found.lamps[0]?.colour satisfies string | undefined;
  // @ts-expect-error an optional need may be undefined
  found.wall.lit();
  // @ts-expect-error what was not asked for is not there
  found.walls;
  const plugin: Plugin<Lamp> = lamp({ colour: "red" });
  // @ts-expect-error a plugin of another part
  const other: Plugin<Wall> = plugin;
  void other;
}
