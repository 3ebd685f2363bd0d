import type { CommanderError } from "commander";
import type { Command } from "./command.ts";
import { endBy, Interruption } from "./interrupt.ts";
import { jsonText } from "./json-text.ts";
import { buildProgram, type Groups, usageMessage } from "./program.ts";
import { TerminalIo } from "./terminal-io.ts";

/**
 * Runs what this process was started with and ends it: 0 done, 1 failed, 2 wrong usage, 128 + n ended by signal n.
 *
 * With `--json` a failure is `{"error":{"code","message",…}}` on standard output, and always its message on standard
 * error.
 */
export async function runCommandLine(commands: readonly Command[], groups: Groups): Promise<never> {
  // Node warns of what programs must change some day, which is no concern of who runs one.
  process.noDeprecation ??= true;
  // gRPC tells failures on standard error, which are then told a second time as ours.
  process.env["GRPC_NODE_VERBOSITY"] ??= process.env["GRPC_VERBOSITY"] ?? "NONE";
  const interruption = new Interruption();
  const json = isJsonWanted(process.argv.slice(2));
  let ended = await run(commands, groups, { interruption, json });
  await written();
  if (interruption.failure && ended.exitCode === 0) {
    ended = await report(interruption.failure, { json, received: undefined, command: undefined });
    await written();
  }
  const { received } = interruption;
  // What does not stop when it is told to may compute for ever.
  if (ended.code === "TWIN_STOP_FAILED" && received !== undefined && received !== "SIGPIPE") endBy(received);
  // Ends whatever is still open.
  process.exit(ended.exitCode);
}

/** How a command ended. */
interface Ended {
  readonly exitCode: number;
  /** Code of the error that it failed with. */
  readonly code?: string;
}

async function run(
  commands: readonly Command[],
  groups: Groups,
  { interruption, json }: { readonly interruption: Interruption; readonly json: boolean },
): Promise<Ended> {
  let io: TerminalIo | undefined;
  let running: Command | undefined;
  const program = buildProgram(commands, groups, ({ json, command }) => {
    running = command;
    io = new TerminalIo({ json, signal: interruption.signal });
    return io;
  });
  try {
    await program.parseAsync(process.argv.slice(2), { from: "user" });
    io?.close();
    return { exitCode: 0 };
  } catch (thrown) {
    io?.close();
    if (isCommanderError(thrown) && thrown.exitCode === 0) return { exitCode: 0 };
    return await report(interruption.failure ?? thrown, { json, received: interruption.received, command: running });
  }
}

async function report(
  thrown: unknown,
  {
    json,
    received,
    command,
  }: {
    readonly json: boolean;
    readonly received: NodeJS.Signals | undefined;
    readonly command: Command | undefined;
  },
): Promise<Ended> {
  // The engine is loaded only now, so that help and wrong usage need not wait for it.
  const { failureJson, failureText, toFailure } = await import("./failure.ts");
  const { UsageError } = await import("./errors.ts");
  const { error, exitCode } = toFailure(
    isCommanderError(thrown) ? new UsageError(usageMessage(thrown)) : thrown,
    received,
  );
  // Nobody reads any more, and that is what ended the command: nothing to say.
  if (received === "SIGPIPE") return { exitCode };
  const options = Object.keys(command?.options ?? {});
  if (json) process.stdout.write(`${jsonText(failureJson(error, options))}\n`);
  process.stderr.write(`${failureText(error, options, process.env["TWINLOOM_DEBUG"] === "1")}\n`);
  return { exitCode, code: error.code };
}

/** Also known when the command line could not be parsed. */
function isJsonWanted(argv: readonly string[]): boolean {
  const end = argv.indexOf("--");
  return argv.slice(0, end < 0 ? argv.length : end).includes("--json");
}

/** By its code, as commander may be loaded twice. */
function isCommanderError(thrown: unknown): thrown is CommanderError {
  return thrown instanceof Error && String((thrown as { code?: unknown }).code).startsWith("commander.");
}

/** Pipes are written in the background: waits until all is out. */
async function written(): Promise<void> {
  await Promise.all([process.stdout, process.stderr].map((stream) => new Promise((done) => stream.write("", done))));
}
