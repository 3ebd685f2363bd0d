import type { Command, CommandIo } from "../../cli/command.ts";
import { commands, groups } from "../../cli/commands/index.ts";
import { failureJson, failureText, toFailure } from "../../cli/failure.ts";
import { jsonText } from "../../cli/json-text.ts";
import { buildProgram } from "../../cli/program.ts";
import { styleFor } from "../../cli/style.ts";
import type { Outcome } from "./run-command-line.ts";

/**
 * Runs a command as it was typed, in this process: what it does is the same, and a process costs a second. For commands that
 * start no process of their own and load no plugin; that the command line itself is in order, others see.
 */
export async function runHere(args: readonly string[], { cwd }: { readonly cwd: string }): Promise<Outcome> {
  let stdout = "";
  let stderr = "";
  let json = false;
  let running: Command | undefined;
  const openIo = (opened: { readonly json: boolean; readonly command: Command }): CommandIo => {
    json = opened.json;
    running = opened.command;
    return {
      ...{ json, cwd, stdin: process.stdin, redraws: false, style: styleFor(false) },
      signal: new AbortController().signal,
      print: (text) => {
        if (!json) stdout += `${text}\n`;
      },
      printJson: (value) => {
        stdout += `${jsonText(value)}\n`;
      },
      write: async (text) => {
        stdout += text;
      },
      warn: (text) => {
        stderr += `${text}\n`;
      },
      progress: () => {},
    };
  };
  try {
    await buildProgram(commands, groups, openIo).parseAsync([...args], { from: "user" });
    return { code: 0, stdout, stderr };
  } catch (thrown) {
    const { error, exitCode } = toFailure(thrown, undefined);
    const options = Object.keys(running?.options ?? {});
    if (json) stdout += `${jsonText(failureJson(error, options))}\n`;
    return { code: exitCode, stdout, stderr: `${stderr}${failureText(error, options, false)}\n` };
  }
}

/** Runs a command here that succeeds, and reads what it prints as JSON. */
// biome-ignore lint/suspicious/noExplicitAny: what commands print is checked by who asked for it.
export async function jsonHere(args: readonly string[], options: { readonly cwd: string }): Promise<any> {
  const { code, stdout, stderr } = await runHere([...args, "--json"], options);
  if (code !== 0) throw new Error(`twinloom ${args.join(" ")} ended with ${code}: ${stderr}`);
  return JSON.parse(stdout);
}
