import type { OptionDefinitions } from "./command.ts";

/** How a batch is watched: options of the commands that do. */
export const WATCH_OPTIONS = {
  watch: { kind: "flag", description: "watch until all have ended; exit code 1 when some have no result" },
  retries: {
    kind: "integer",
    placeholder: "n",
    description: "with --watch: submit anew what fails for no fault of its own, each task run so often (default: 0)",
    min: 0,
  },
} as const satisfies OptionDefinitions;

/** What {@link WATCH_OPTIONS} gives. */
export interface WatchChoice {
  readonly watch: boolean;
  readonly retries?: number | undefined;
}
