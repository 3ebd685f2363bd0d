import { createRequire } from "node:module";
import { Argument, type CommanderError, Option, Command as Parser } from "commander";
import type { ArgumentDefinition, Command, CommandIo, OptionDefinition } from "./command.ts";
import { parseOption } from "./option-values.ts";

/** What a word after `twinloom` with subcommands is about. */
export type Groups = Readonly<Record<string, string>>;

/** Makes what a command talks through; it is about to run. */
type OpenIo = (options: { readonly json: boolean; readonly command: Command }) => CommandIo | Promise<CommandIo>;

/**
 * Makes the parser of all commands. It throws commander's `CommanderError` for what was typed wrong, and writes only help
 * and the version.
 *
 * @param openIo - Called when a command is about to run.
 */
export function buildProgram(commands: readonly Command[], groups: Groups, openIo: OpenIo): Parser {
  const program = new Parser("twinloom")
    .description("Compose digital twins from plugins, run them, and know what made every number.")
    .version(packageVersion(), "-V, --version", "print the version")
    .helpOption("-h, --help", "print this help")
    .helpCommand("help [command]", "print the help of a command")
    .exitOverride(rethrowFor(""))
    .configureOutput({ outputError: () => undefined })
    .addHelpText(
      "after",
      "\nExit codes: 0 done, 1 failed, 2 wrong usage. `twinloom <command> --help` shows an example.",
    );
  const parents = new Map<string, Parser>();
  for (const command of commands) {
    const [first, second] = command.path;
    if (second === undefined) {
      addCommand(program, first, command, openIo);
      continue;
    }
    const parent =
      parents.get(first) ??
      program
        .command(first)
        .description(groups[first] ?? "")
        .exitOverride(rethrowFor(first));
    parents.set(first, parent);
    addCommand(parent, second, command, openIo);
  }
  return program;
}

function addCommand(parent: Parser, name: string, command: Command, openIo: OpenIo): void {
  const parser = parent
    .command(name)
    .summary(command.summary)
    .exitOverride(rethrowFor(command.path.join(" ")));
  parser.description(command.description ? `${command.summary}.\n\n${command.description}` : `${command.summary}.`);
  const argumentNames = Object.keys(command.arguments);
  for (const [key, argument] of Object.entries(command.arguments)) parser.addArgument(toArgument(key, argument));
  for (const [key, option] of Object.entries(command.options)) parser.addOption(toOption(key, option));
  parser.option("--json", "print one JSON value for programs instead of text for people");
  parser.addHelpText("after", helpExamples(command.examples));
  parser.action(async (...given: unknown[]) => {
    const { json = false, ...options } = given[argumentNames.length] as Record<string, unknown>;
    const args = Object.fromEntries(argumentNames.map((argument, index) => [argument, given[index]]));
    const io = await openIo({ json: json === true, command });
    await command.run(args, withDefaults(command, options), io);
  });
}

const commandOf = new WeakMap<CommanderError, string>();

/** Lets commander throw instead of exit, and remembers which command it was about. */
function rethrowFor(path: string): (error: CommanderError) => never {
  return (error) => {
    commandOf.set(error, path);
    throw error;
  };
}

/** What was wrong with what was typed, and where to find what is right. */
export function usageMessage(error: CommanderError): string {
  const help = ["twinloom", commandOf.get(error) ?? "", "--help"].filter(Boolean).join(" ");
  if (error.code === "commander.help") return `A command is missing. \`${help}\` lists them.`;
  const [what = "", hint] = error.message.replace(/^error: /, "").split("\n");
  const sentence = what.charAt(0).toUpperCase() + what.slice(1).replace(/([^.])$/, "$1.");
  const suggestion = hint ? ` ${hint.replace(/^\(|\)$/g, "")}` : "";
  return `${sentence}${suggestion} See \`${help}\`.`;
}

function toArgument(key: string, { description, optional, many }: ArgumentDefinition): Argument {
  const name = `${kebab(key)}${many ? "..." : ""}`;
  return new Argument(optional ? `[${name}]` : `<${name}>`, description);
}

function toOption(key: string, definition: OptionDefinition): Option {
  const option = new Option(optionFlags(key, definition), describeOption(definition));
  if (definition.kind === "flag") return option;
  option.argParser((typed, previous) => parseOption(definition, typed, previous));
  // Not `option.default`: commander would hand a repeatable option its default as the first value.
  return definition.required ? option.makeOptionMandatory() : option;
}

/** The option as help shows it: `-n, --count <number>`. */
export function optionFlags(key: string, definition: OptionDefinition): string {
  const long = definition.kind === "flag" ? `--${kebab(key)}` : `--${kebab(key)} <${definition.placeholder}>`;
  return definition.short ? `-${definition.short}, ${long}` : long;
}

/** The description with what else there is to know: choices, default, whether it may be repeated. */
export function describeOption(definition: OptionDefinition): string {
  const notes: string[] = [];
  if (definition.kind === "text" && definition.choices) notes.push(`one of: ${definition.choices.join(", ")}`);
  if (definition.kind === "text" && definition.many) notes.push("repeatable");
  if (definition.kind !== "flag" && definition.required) notes.push("required");
  if (definition.kind !== "flag" && definition.default !== undefined) notes.push(`default: ${definition.default}`);
  return notes.length > 0 ? `${definition.description} (${notes.join("; ")})` : definition.description;
}

function withDefaults(command: Command, given: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(command.options).map(([key, definition]) => [key, given[key] ?? defaultOf(definition)]),
  );
}

function defaultOf(definition: OptionDefinition): unknown {
  if (definition.kind === "flag") return false;
  if (definition.kind === "text" && definition.many) return [];
  return definition.default;
}

function helpExamples(examples: readonly string[]): string {
  return `\nExample${examples.length > 1 ? "s" : ""}:\n${examples.map((line) => `  $ ${line}`).join("\n")}`;
}

/** `energyMev` as typed: `energy-mev`. */
export function kebab(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** Through the package's own name, because sources and compiled files lie at different depths. */
function packageVersion(): string {
  const manifest = createRequire(import.meta.url)("twinloom/package.json") as { readonly version: string };
  return manifest.version;
}
