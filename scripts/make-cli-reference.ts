// Writes docs/reference/cli.md. A test fails when the page is not in step:
//
//   npx --no-install node --conditions=@twinloom/source scripts/make-cli-reference.ts
import { mkdir, writeFile } from "node:fs/promises";
import { commands, groups } from "../cli/commands/index.ts";
import { cliReference } from "./cli-reference.ts";

await mkdir("docs/reference", { recursive: true });
await writeFile("docs/reference/cli.md", cliReference(commands, groups));
