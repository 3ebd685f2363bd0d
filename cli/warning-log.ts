import { constant, Log, type Plugin, reasonOf } from "../core/index.ts";
import type { CommandIo } from "./command.ts";
import { harmless } from "./harmless.ts";

/** A log of warnings as lines to read, each told once, as a part of a twin. */
export function warningLog(io: Pick<CommandIo, "warn">): Plugin<Log> {
  const told = new Set<string>();
  const tell: Log["warn"] = ({ location, endpoint, address, problem, reason, error }, message) => {
    const where = location ?? endpoint ?? address;
    const why = problem ?? reason ?? (error === undefined ? undefined : reasonOf(error));
    const said = `${typeof where === "string" ? `${where}: ` : ""}${message}${typeof why === "string" ? ` (${why})` : ""}`;
    // What servers say may have lines of its own, which must not look like ours.
    const line = harmless(said.replaceAll(/\s*\n\s*/g, " "));
    if (!told.has(line)) io.warn(line);
    told.add(line);
  };
  const none = (): void => undefined;
  return constant(Log, { debug: none, info: none, warn: tell, error: tell });
}
