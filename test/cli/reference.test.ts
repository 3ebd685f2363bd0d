import { readFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { commands, groups } from "../../cli/commands/index.ts";
import { cliReference } from "../../scripts/cli-reference.ts";

it("docs/reference/cli.md is what scripts/make-cli-reference.ts writes", async () => {
  const page = await readFile(new URL("../../docs/reference/cli.md", import.meta.url), "utf8");
  expect(page).toBe(cliReference(commands, groups));
});
