import { z } from "zod";
import { definePlugin, type PluginDefinition, type PluginFactory, type Token, token } from "../../../core/index.ts";

/** A capability without a meaning, for tests of composition. */
export interface Lamp {
  readonly colour: string;
}
export const Lamp: Token<Lamp> = token("test/lamp");

/** Another one. */
export interface Wall {
  lit(): string;
}
export const Wall: Token<Wall> = token("test/wall");

/** Writes down what happens to parts: `create a`, `start a`, `stop a`. */
export class Diary {
  readonly lines: string[] = [];

  /** Lifecycle of a part that writes down each step. */
  of(part: string): { start(): void; stop(): void } {
    this.lines.push(`create ${part}`);
    return {
      start: () => void this.lines.push(`start ${part}`),
      stop: () => void this.lines.push(`stop ${part}`),
    };
  }
}

export const lamp: PluginFactory<{ colour?: string | undefined }, Lamp> = definePlugin({
  name: "test/lamp",
  version: "1.2.0",
  provides: Lamp,
  options: z.object({ colour: z.string().default("white").describe("Colour of its light") }),
  create: (_needs, { colour }) => ({ colour }),
});

export const wall: PluginFactory<Record<never, never>, Wall> = definePlugin({
  name: "test/wall",
  version: "1.0.0",
  provides: Wall,
  needs: { lamp: Lamp },
  create: ({ lamp: { colour } }) => ({ lit: () => `a ${colour} wall` }),
});

/** A wall plugin with some of its definition changed. */
// biome-ignore lint/suspicious/noExplicitAny: tests change one field at a time, also to wrong values.
export function wallWith(changes: Partial<PluginDefinition<any, any, any, any>>): PluginFactory<object, Wall> {
  return definePlugin({ ...wall.definition, ...changes }) as PluginFactory<object, Wall>;
}
