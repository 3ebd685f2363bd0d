import { type Command, type CommandIo, defineCommand } from "../command.ts";

export const batchWork: Command = defineCommand({
  path: ["batch", "work"],
  summary: "Run one element of a batch: what an executor starts",
  description:
    "Not for people: `twinloom submit` hands it to the executor. Which element it is comes from TWINLOOM_ELEMENT, " +
    "TWINLOOM_RESTART and TWINLOOM_JOB. Exit codes: 0 each of its task runs has a result, 75 it was told that its time is " +
    "nearly up (SIGUSR1) and has saved where it is, 1 something failed.",
  arguments: { folder: { description: "folder of the batch" } },
  options: {
    token: { kind: "text", placeholder: "token", description: "token of the submission", required: true },
    logLevel: {
      kind: "text",
      placeholder: "level",
      description: "what is logged as JSON on standard error",
      choices: ["debug", "info", "warn", "error"],
      default: "info",
    },
  },
  example: "twinloom batch work batches/scan --token 0f1e2d3c4b5a69788796a5b4c3d2e1f0",
  run: async ({ folder }, { token, logLevel }, io) => {
    const { untilToldTimeIsUp } = await import("../told-time-is-up.ts");
    // Before anything that takes time: it may come as soon as the process is there.
    await untilToldTimeIsUp(async (timeIsUp) => {
      const { resolve } = await import("node:path");
      const { BatchFolder, openTwin, runElement } = await import("../../core/index.ts");
      const { RestartWantedError, RunsFailedError, UsageError } = await import("../errors.ts");
      const { jsonLog } = await import("../json-log.ts");
      const own = elementOf(process.env);
      if (!own) {
        throw new UsageError(
          "TWINLOOM_ELEMENT and TWINLOOM_JOB must say which element of which array this is; an executor sets them. `twinloom submit` runs a batch.",
        );
      }
      const batch = await BatchFolder.open(resolve(io.cwd, folder));
      const result = await runElement(batch, {
        token,
        ...own,
        openTwin: (store, version) => openTwin(version, { store, signal: io.signal }),
        signal: io.signal,
        stopping: timeIsUp,
        log: jsonLog(logLevel, io),
        onProgress: ({ run, done, of, fraction, doing }) => io.progress((done + fraction) / of, `run ${run}: ${doing}`),
      });
      tell(result, io);
      if (result.state === "stopped")
        throw new RestartWantedError("Stopped, as its time is nearly up: start it again.");
      if (result.state === "failed") throw new RunsFailedError(result.runs, batch.path);
    });
  },
});

/** Which element this process is, as the executor says. */
function elementOf(environment: NodeJS.ProcessEnv): { element: number; restart: number; job: string } | undefined {
  const { TWINLOOM_ELEMENT: element = "", TWINLOOM_RESTART: restart = "0", TWINLOOM_JOB: job = "" } = environment;
  if (!/^\d+$/.test(element) || !/^\d+$/.test(restart) || job === "") return undefined;
  return { element: Number(element), restart: Number(restart), job };
}

function tell(
  { state, takenBy, runs }: { state: string; takenBy?: string; runs: readonly unknown[] },
  io: CommandIo,
): void {
  if (io.json) io.printJson({ state, ...(takenBy !== undefined && { takenBy }), runs });
  else if (takenBy !== undefined) io.print(`Nothing to do: the array ${takenBy} has this element.`);
  else io.print(`${state}: ${runs.length} task runs`);
}
