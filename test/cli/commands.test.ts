import { readdir, readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { commands, groups } from "../../cli/commands/index.ts";
import { runTwinloom } from "./run-command-line.ts";

const FOLDER = new URL("../../cli/commands/", import.meta.url);

describe("every command", () => {
  it("is listed", async () => {
    const files = (await readdir(FOLDER)).filter((file) => file !== "index.ts").sort();
    expect(commands.map(({ path }) => `${path.join("-")}.ts`).sort()).toEqual(files);
  });

  it("loads nothing heavy until it runs, so that help is there at once", async () => {
    const light =
      /^(?:node:.*|\.\.\/command\.ts|\.\.\/(?:broker|climate|connection|detector|executor|federation|serve|store|submit|task|watch)-options\.ts)$/;
    for (const file of await readdir(FOLDER)) {
      if (file === "index.ts") continue;
      const source = await readFile(new URL(file, FOLDER), "utf8");
      const loaded = [...source.matchAll(/^import (?!type )[^;]*? from "([^"]+)";/gms)].map(
        ([, from]) => from as string,
      );
      expect({ file, heavy: loaded.filter((from) => !light.test(from)) }).toEqual({ file, heavy: [] });
    }
  });

  it.each(commands.map((command) => [command.path.join(" "), command] as const))(
    "%s has a help with examples of itself, and --json",
    async (name, command) => {
      const { code, stdout } = await runTwinloom([...command.path, "--help"]);
      expect(code).toBe(0);
      expect(stdout).toContain("--json");
      for (const example of command.examples) {
        expect(example).toMatch(new RegExp(`^twinloom ${name} `));
        expect(stdout).toContain(`  $ ${example}`);
      }
    },
  );

  it.each(commands.map(({ path }) => [path.join(" "), path] as const))(
    "%s refuses an option that it does not have, as JSON if asked",
    async (_, path) => {
      const { code, stdout } = await runTwinloom([...path, "--no-such-option", "--json"]);
      expect(code).toBe(2);
      expect(JSON.parse(stdout).error.code).toBe("TWIN_USAGE");
    },
  );

  it("has a line about its group in the overview", () => {
    const used = new Set(commands.filter(({ path }) => path.length > 1).map(({ path }) => path[0]));
    expect([...used].filter((group) => !groups[group])).toEqual([]);
  });
});
