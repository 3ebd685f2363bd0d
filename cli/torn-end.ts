import type { JournalContents } from "../core/index.ts";
import type { CommandIo } from "./command.ts";
import { harmless } from "./harmless.ts";

/** Tells of a write that was never finished, as a killed recorder leaves it. */
export function warnOfTornEnd(file: string, { tornBytes }: JournalContents, io: Pick<CommandIo, "warn">): void {
  if (tornBytes === 0) return;
  io.warn(
    harmless(
      `${file}: the last ${tornBytes} bytes are of a write that was never finished; whoever made it was killed, or is writing.`,
    ),
  );
}
