import type { Command, OptionDefinition } from "../cli/command.ts";
import { describeOption, type Groups, kebab, optionFlags } from "../cli/program.ts";

/** The page `docs/reference/cli.md`, of what the commands say about themselves. */
export function cliReference(commands: readonly Command[], groups: Groups): string {
  const [alone, grouped] = [1, 2].map((words) => commands.filter(({ path }) => path.length === words));
  const names = [...new Set(grouped?.map(({ path }) => path[0]))];
  return `${[
    "# The command line",
    "What each command takes and does, with a line that works. Made by `scripts/make-cli-reference.ts` from the commands themselves; `twinloom <command> --help` says the same.",
    CONVENTIONS,
    ...(alone ?? []).map(commandText),
    ...names.flatMap((name) => [
      `## twinloom ${name}`,
      `${groups[name]}.`,
      ...(grouped ?? []).filter(({ path }) => path[0] === name).map(commandText),
    ]),
  ].join("\n\n")}\n`;
}

const CONVENTIONS = `Every command:

- takes \`--json\`: standard output is then one JSON value, and a failure is \`{"error":{"code","message",…}}\` with the
  fields of [its code](../errors.md). The message also goes to standard error.
- exits with 0 when it is done, 1 when it failed, 2 when it was typed wrong, 75 when it was told by SIGUSR1 that its time
  is nearly up, saved what it had done and is to be started again (\`run --checkpoints\`, \`serve\`), and 128 + n when signal n
  ended it (130 after Ctrl-C). The first signal lets it clean up, a second one ends it at once.
- shows how far it is on standard error: a bar on a terminal, lines elsewhere, nothing with \`--json\`.
- colours text only on a terminal, and not with \`NO_COLOR\`. \`TWINLOOM_DEBUG=1\` shows the stack of an error.`;

function commandText(command: Command): string {
  const parts = [
    `${"#".repeat(command.path.length + 1)} twinloom ${command.path.join(" ")}`,
    `${command.summary}.${command.description ? ` ${command.description}` : ""}`,
    `    ${usage(command)}`,
  ];
  const rows = [
    ...Object.entries(command.arguments).map(([name, { description, optional }]) =>
      row(kebab(name), optional ? `${description} (may be left out)` : description),
    ),
    ...Object.entries(command.options).map(([name, option]) => row(optionFlags(name, option), describeOption(option))),
  ];
  if (rows.length > 0) parts.push(["| | |", "|---|---|", ...rows].join("\n"));
  parts.push(["```text", ...command.examples, "```"].join("\n"));
  return parts.join("\n\n");
}

function usage({ path, arguments: args, options }: Command): string {
  const positional = Object.entries(args).map(([name, { optional, many }]) => {
    const shown = `${kebab(name)}${many ? "..." : ""}`;
    return optional ? `[${shown}]` : `<${shown}>`;
  });
  const required = Object.entries(options).filter(([, option]) => isRequired(option));
  const flags = required.map(([name, option]) => optionFlags(name, option).replace(/^-\w, /, ""));
  return ["twinloom", ...path, ...positional, ...flags, "[options]"].join(" ");
}

function isRequired(option: OptionDefinition): boolean {
  return option.kind !== "flag" && option.required === true;
}

function row(name: string, description: string): string {
  return `| \`${name}\` | ${description.replaceAll("|", "\\|").replaceAll("<", "&lt;")} |`;
}
