import { join } from "node:path";
import type { ArrayJob, Executor } from "twinloom";
import { LocalExecutor } from "twinloom/modules/local";
import type { ExecutorFixture } from "twinloom/testing";
import { newFolder } from "./sample.ts";

type Break = (sound: Executor) => Partial<Executor>;

/** An executor that changes what it is given before it takes it. */
function submitting(sound: Executor, change: (job: ArrayJob) => ArrayJob): Partial<Executor> {
  return { submit: (job, options) => sound.submit(change(job), options) };
}

/** The command of an array within a shell that does something before and after. */
function shell({ command }: ArrayJob, before: string, after = ""): ArrayJob["command"] {
  return ["/bin/sh", "-c", `${before} "$@"; ${after}`, "sh", ...command];
}

/** Executors that break one promise each, and the case that must notice. */
export const brokenExecutors: readonly {
  readonly fault: string;
  readonly break?: Break;
  /** What is wrong with the rest of the batch system. */
  readonly around?: (sound: Executor, folder: string) => Partial<ExecutorFixture>;
  readonly noticedBy: string;
}[] = [
  {
    fault: "tells no element its index",
    break: (sound) => submitting(sound, (job) => ({ ...job, command: shell(job, "TWINLOOM_ELEMENT=0 exec") })),
    noticedBy: "starts each element once, with its index, its restarts and the array's id in its environment",
  },
  {
    fault: "hands arguments to a shell",
    break: (sound) => submitting(sound, (job) => ({ ...job, command: ["/bin/sh", "-c", job.command.join(" ")] })),
    noticedBy: "gives a program its arguments as they are, whatever is in them",
  },
  {
    fault: "runs everything in the root folder",
    break: (sound) => submitting(sound, (job) => ({ ...job, workingFolder: "/" })),
    noticedBy: "runs a program in the working folder",
  },
  {
    fault: "keeps no errors",
    break: (sound) => submitting(sound, (job) => ({ ...job, command: shell(job, "exec 2>/dev/null; exec") })),
    noticedBy: "appends what an element prints to its log, of each of its starts, and makes the folder",
  },
  {
    fault: "takes 75 for any other exit code",
    break: (sound) => submitting(sound, (job) => ({ ...job, command: shell(job, "", "[ $? != 75 ] || exit 1") })),
    noticedBy: "starts an element again that ends with 75, and no other, and counts its restarts",
  },
  {
    fault: "runs as many at once as there is room for",
    break: (sound) => submitting(sound, ({ atOnce: _, ...job }) => job),
    noticedBy: "runs no more elements at once than it is told to",
  },
  {
    fault: "waits for no other array",
    break: (sound) => submitting(sound, ({ after: _, ...job }) => job),
    noticedBy: "starts an array when those before it have succeeded",
  },
  {
    fault: "leaves an array waiting where one before it has failed",
    break: (sound) => ({
      observe: async (arrays, options) =>
        (await sound.observe(arrays, options)).map((statuses) =>
          statuses.map((status) => (status.state === "canceled" ? { ...status, state: "queued" } : status)),
        ),
    }),
    noticedBy: "cancels an array where an element of one before it has failed, and those after it",
  },
  {
    fault: "takes what runs for what waits",
    break: (sound) => ({
      observe: async (arrays, options) =>
        (await sound.observe(arrays, options)).map((statuses) =>
          statuses.map((status) => (status.state === "running" ? { ...status, state: "queued" } : status)),
        ),
    }),
    noticedBy: "tells that an element runs, and when it has ended that it does not",
  },
  {
    fault: "takes every end for a success",
    break: (sound) => submitting(sound, (job) => ({ ...job, command: shell(job, "", "exit 0") })),
    noticedBy: "tells how elements have ended: with 0 they succeeded, with any other code failed",
  },
  {
    fault: "takes a program that is not there for one that has nothing to do",
    break: (sound) => submitting(sound, (job) => ({ ...job, command: shell(job, "", "exit 0") })),
    noticedBy: "tells that an element has failed whose program is not there",
  },
  {
    fault: "leaves running what an element has started",
    break: (sound) =>
      submitting(sound, (job) => ({
        ...job,
        // In a group of its own, which nobody ends with the element.
        command: [
          process.execPath,
          "-e",
          'const [program, ...rest] = process.argv.slice(1); require("child_process").spawn(program, rest, { detached: true, stdio: "inherit" });',
          ...job.command,
        ],
      })),
    noticedBy:
      "ends the elements of an array that is canceled, those that run with all they started, and those that wait",
  },
  {
    fault: "takes the cancel of what has ended for an error",
    break: (sound) => ({
      cancel: async (array) => {
        const [statuses] = await sound.observe([array]);
        if (statuses?.every(({ state }) => state !== "running" && state !== "queued")) throw new Error("It has ended.");
        await sound.cancel(array);
      },
    }),
    noticedBy: "cancels an array only once, and not when it has ended, which is no error",
  },
  {
    fault: "says that it takes fewer elements than it does",
    break: (sound) => ({ limits: async () => ({ ...(await sound.limits()), arraySize: 2 }) }),
    noticedBy: "says how large an array may be, and refuses a larger one",
  },
  {
    fault: "runs one element where none are asked for",
    break: (sound) =>
      submitting(sound, (job) => ({ ...job, elements: job.elements > 0 ? Math.ceil(job.elements) : 1 })),
    noticedBy: "refuses what it cannot run, and submits nothing",
  },
  {
    fault: "forgets what it took",
    break: () => ({ find: async () => await Promise.resolve("none" as const) }),
    noticedBy:
      "gives what it took as plain JSON, and finds it by its token, while it waits, runs, and where it remembers, later",
  },
  {
    fault: "is not certain, though it remembers",
    break: () => ({ find: async () => await Promise.resolve("unknown" as const) }),
    noticedBy: "finds nothing under a token that it never took, and says so for certain where it remembers",
  },
  {
    fault: "tells of arrays in an order of its own",
    break: (sound) => ({
      observe: async (arrays, options) =>
        await sound.observe(
          arrays.toSorted((a, b) => b.elements - a.elements),
          options,
        ),
    }),
    noticedBy: "tells of several arrays at once, in the order in which they are asked for",
  },
  {
    fault: "takes what it has never heard of for failed",
    break: (sound) => ({
      observe: async (arrays, options) =>
        (await sound.observe(arrays, options)).map((statuses) =>
          statuses.map((status) => (status.state === "unknown" ? { ...status, state: "failed" } : status)),
        ),
    }),
    noticedBy:
      "says of an array that it does not know that its elements are unknown, and takes its cancel for no error",
  },
  {
    fault: "hears no signal",
    break: (sound) => ({ submit: (job) => sound.submit(job) }),
    noticedBy: "does nothing for a signal that is aborted already",
  },
  {
    fault: "tells nobody of a time limit",
    break: (sound) => submitting(sound, ({ resources: { warnS: _, ...resources }, ...job }) => ({ ...job, resources })),
    noticedBy: "tells an element before its time limit, by SIGUSR1, and ends it at the limit",
  },
  {
    fault: "ends elements when it should tell them",
    break: (sound) =>
      submitting(sound, ({ resources: { timeLimitS = 1, warnS = 0 }, ...job }) => ({
        ...job,
        resources: { timeLimitS: timeLimitS - warnS },
      })),
    noticedBy: "starts an element again that was told, and ended with 75",
  },
  {
    fault: "cancels what is pre-empted",
    around: (sound) => ({ preempt: (array) => sound.cancel(array) }),
    noticedBy: "starts an element again that was pre-empted, and counts it",
  },
  {
    fault: "knows its own arrays only",
    around: (_, folder) => ({ another: () => Promise.resolve(new LocalExecutor({ folder: join(folder, "other") })) }),
    noticedBy: "tells another client of what this one has submitted, and lets it cancel that",
  },
];

/** A fixture with a broken executor, which is not waited for long. */
export async function brokenFixture(fault: (typeof brokenExecutors)[number]): Promise<ExecutorFixture> {
  const { folder, stateFolder, dispose } = await newFolder();
  const sound: Executor = new LocalExecutor({ processes: 4, folder: stateFolder });
  const own = fault.break?.(sound) ?? {};
  const executor: Executor = {
    name: sound.name,
    limits: (options) => sound.limits(options),
    submit: (job, options) => sound.submit(job, options),
    find: (token, options) => sound.find(token, options),
    observe: (arrays, options) => sound.observe(arrays, options),
    cancel: (array, options) => sound.cancel(array, options),
    ...own,
  };
  const timeLimit = { timeLimitS: 2, warnS: 1 };
  return { executor, folder, pollMs: 20, deadlineMs: 5000, timeLimit, dispose, ...fault.around?.(sound, folder) };
}
