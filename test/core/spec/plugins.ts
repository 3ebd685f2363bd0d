import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { z } from "zod";
import {
  type Artifact,
  artifactOption,
  definePlugin,
  type ImportPlugin,
  type PluginFactory,
  type SecretReference,
  secret,
  type Token,
  token,
} from "../../../core/index.ts";

/** What the test plugins provide: the options they were given. */
export interface Echo {
  readonly options: unknown;
}
export const Echo: Token<Echo> = token("test/echo");

/** Takes any options. */
export const echo: PluginFactory<Record<string, unknown>, Echo> = definePlugin({
  name: "test-plugins/echo",
  version: "1.2.0",
  provides: Echo,
  options: z.looseObject({}),
  create: (_needs, options) => ({ options }),
});

/** Needs an echo. */
export const Listener: Token<object> = token("test/listener");
export const listener: PluginFactory<Record<never, never>, object> = definePlugin({
  name: "test-plugins/listener",
  version: "1.0.0",
  provides: Listener,
  needs: { echo: Echo },
  create: ({ echo: heard }) => ({ heard }),
});

/** Options of {@link detector}. */
export interface DetectorOptions {
  geometry: "w-si-45x16x9" | "pb-sci-20";
  layers?: number | undefined;
  password?: SecretReference | undefined;
  weights?: Artifact | undefined;
}
export const detector: PluginFactory<DetectorOptions, Echo> = definePlugin({
  name: "test-plugins/detector",
  version: "2.0.0",
  provides: token<Echo>("test/detector"),
  options: z.object({
    geometry: z.enum(["w-si-45x16x9", "pb-sci-20"]).describe("Name of the geometry"),
    layers: z.number().int().min(1).default(45).describe("Number of layers"),
    password: secret().optional().describe("Password of the detector"),
    weights: artifactOption().optional().describe("Weights of the network"),
  }),
  create: (_needs, options) => ({ options }),
});

/** `test-plugins/echo` and the like. */
export const importTestPlugin: ImportPlugin = async (specifier) => {
  if (specifier === "test-plugins/echo") return { echo };
  if (specifier === "test-plugins/listener") return { listener };
  if (specifier === "test-plugins/detector") return { detector };
  throw new Error(`There is no test plugin "${specifier}".`);
};

/** A folder of files that is removed in the end. */
export class Folder {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  static async make(): Promise<Folder> {
    return new Folder(await mkdtemp(join(tmpdir(), "twinloom-spec-")));
  }

  /** Writes a file; returns its path. */
  async write(name: string, text: string | Uint8Array): Promise<string> {
    const path = join(this.path, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
    return path;
  }

  async remove(): Promise<void> {
    await rm(this.path, { recursive: true, force: true });
  }
}
