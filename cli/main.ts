import { commands, groups } from "./commands/index.ts";
import { runCommandLine } from "./run-command-line.ts";

await runCommandLine(commands, groups);
