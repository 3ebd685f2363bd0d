import { COMPACT, type FakeElement, hasEnded, type NativeState, nameOf } from "./state.ts";

/** A line of squeue or sacct: an element, or those of an array that wait. */
export interface Line {
  /** The first of them. */
  readonly element: FakeElement;
  /** Indices of elements that wait, as `[3-9%2]`; of a single element `undefined`. */
  readonly waiting: string | undefined;
  /** What a field says. */
  readonly at: {
    readonly state: NativeState;
    readonly exitCode: number;
    readonly exitSignal: number;
    readonly node: string;
  } & {
    readonly startMs: number | undefined;
    readonly endMs: number | undefined;
  };
}

/** Lines of elements: those of an array that never started are one, unless all are asked for singly. */
export function linesOf(elements: readonly FakeElement[], singly: boolean): readonly Line[] {
  const waits = ({ state, index, id, job, startMs }: FakeElement): boolean =>
    !singly && state === "PENDING" && index !== undefined && id === job.id && startMs === undefined;
  const lines: Line[] = [];
  for (const job of new Set(elements.map((each) => each.job))) {
    const own = elements.filter((each) => each.job === job);
    const [first, ...more] = own.filter(waits);
    if (first !== undefined) {
      const limit = job.spec.atOnce === undefined ? "" : `%${job.spec.atOnce}`;
      const indices = ranges([first, ...more].map(({ index }) => index ?? 0));
      lines.push({ element: first, waiting: `${indices}${limit}`, at: first });
    }
    for (const element of own) if (!waits(element)) lines.push({ element, waiting: undefined, at: element });
  }
  return lines;
}

/** `0-4,6` */
export function ranges(indices: readonly number[]): string {
  const runs: [number, number][] = [];
  for (const index of indices.toSorted((a, b) => a - b)) {
    const last = runs.at(-1);
    if (last !== undefined && last[1] === index - 1) last[1] = index;
    else runs.push([index, index]);
  }
  return runs.map(([from, to]) => (from === to ? `${from}` : `${from}-${to}`)).join(",");
}

/** Values of squeue's fields, by the names of --Format in lower case. */
export function squeueField(name: string, { element, waiting }: Line): string {
  const { job, state, reason, node, startMs, endMs, id, index } = element;
  const { spec } = job;
  const null_ = (text: string | undefined): string => text ?? "(null)";
  switch (name) {
    case "jobarrayid":
      return waiting === undefined ? nameOf(element) : `${job.id}_[${waiting}]`;
    case "arrayjobid":
      return `${job.id}`;
    case "arraytaskid":
      return waiting ?? (index === undefined ? "N/A" : `${index}`);
    case "jobid":
      return `${id}`;
    case "name":
      return spec.name;
    case "comment":
      return null_(spec.comment);
    case "state":
      return state;
    case "statecompact":
      return COMPACT[state];
    case "reason":
      return reason;
    case "reasonlist":
      return state === "PENDING" || (hasEnded(element) && state !== "COMPLETED") ? `(${reason})` : node;
    case "nodelist":
      return node;
    case "exit_code":
      return `${element.exitCode * 256 + element.exitSignal}`;
    case "restartcnt":
      return `${element.restarts}`;
    case "partition":
      return spec.partition;
    case "account":
      return spec.account;
    case "qos":
      return spec.qos;
    case "username":
      return job.user;
    case "timeused":
      return clock(startMs === undefined ? 0 : ((endMs ?? Date.now()) - startMs) / 1000, true);
    case "timelimit":
      return spec.timeLimitS === undefined ? "UNLIMITED" : clock(spec.timeLimitS, true);
    case "starttime":
      return date(startMs, "N/A");
    case "endtime":
      return date(endMs, "N/A");
    case "submittime":
      return date(job.submitMs, "N/A");
    case "workdir":
      return spec.cwd;
    case "numnodes":
      return "1";
    case "numcpus":
      return `${spec.cpus}`;
    default:
      throw new Error(`The fake squeue has no field ${name}.`);
  }
}

/** Letters of `squeue -o`. */
export const SQUEUE_LETTERS: Readonly<Record<string, string>> = {
  ...{ i: "jobarrayid", A: "jobid", F: "arrayjobid", K: "arraytaskid", j: "name", k: "comment", t: "statecompact" },
  ...{ T: "state", r: "reason", R: "reasonlist", N: "nodelist", M: "timeused", l: "timelimit", P: "partition" },
  ...{ u: "username", a: "account", q: "qos", S: "starttime", e: "endtime", V: "submittime", Z: "workdir" },
  ...{ D: "numnodes", C: "numcpus" },
};

/** Values of sacct's fields, by their names in lower case. */
export function sacctField(name: string, { element, waiting, at }: Line): string {
  const { job, id } = element;
  switch (name) {
    case "jobid":
      return waiting === undefined ? nameOf(element) : `${job.id}_[${waiting}]`;
    case "jobidraw":
      return `${id}`;
    case "jobname":
      return job.spec.name;
    case "state":
      return at.state === "CANCELLED" ? "CANCELLED by 0" : at.state;
    case "exitcode":
    case "derivedexitcode":
      return `${at.exitCode}:${at.exitSignal}`;
    case "reason":
      return element.reason;
    case "comment":
      return job.spec.comment ?? "";
    case "nodelist":
      return at.node === "" ? "None assigned" : at.node;
    case "submit":
      return date(job.submitMs, "Unknown");
    case "start":
      return date(at.state === "PENDING" ? undefined : at.startMs, "Unknown");
    case "end":
      return date(at.endMs, "Unknown");
    case "elapsed":
      return clock(at.startMs === undefined ? 0 : ((at.endMs ?? Date.now()) - at.startMs) / 1000, false);
    case "elapsedraw":
      return `${at.startMs === undefined ? 0 : Math.round(((at.endMs ?? Date.now()) - at.startMs) / 1000)}`;
    case "partition":
      return job.spec.partition;
    case "account":
      return job.spec.account;
    case "qos":
      return job.spec.qos;
    case "user":
      return job.user;
    default:
      throw new Error(`The fake sacct has no field ${name}.`);
  }
}

function date(ms: number | undefined, none: string): string {
  if (ms === undefined) return none;
  const local = new Date(ms - new Date(ms).getTimezoneOffset() * 60_000);
  return local.toISOString().slice(0, 19);
}

function clock(seconds: number, short: boolean): string {
  const whole = Math.max(0, Math.floor(seconds));
  const two = (value: number): string => String(value).padStart(2, "0");
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  if (short && hours === 0) return `${minutes}:${two(rest)}`;
  return `${short ? hours : two(hours)}:${two(minutes)}:${two(rest)}`;
}
