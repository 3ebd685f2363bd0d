import { constant, Log, type Plugin } from "../core/index.ts";
import type { CommandIo } from "./command.ts";

/** A log of warnings as lines to read, each told once, as a part of a twin. */
export function warningLog(io: Pick<CommandIo, "warn">): Plugin<Log> {
  const told = new Set<string>();
  const tell: Log["warn"] = ({ location, endpoint }, message) => {
    const where = location ?? endpoint;
    const line = typeof where === "string" ? `${where}: ${message}` : message;
    if (!told.has(line)) io.warn(line);
    told.add(line);
  };
  const none = (): void => undefined;
  return constant(Log, { debug: none, info: none, warn: tell, error: tell });
}
