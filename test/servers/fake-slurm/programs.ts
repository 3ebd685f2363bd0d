import { readFileSync } from "node:fs";
import { basename, resolve } from "node:path";
import { readArguments } from "./arguments.ts";
import type { FakeCluster } from "./cluster.ts";
import { type Line, linesOf, SQUEUE_LETTERS, sacctField, squeueField } from "./formats.ts";
import { arrayIndices, jobSpec, sbatchOptions } from "./sbatch-options.ts";
import { COMPACT, type FakeElement, hasEnded, nameOf } from "./state.ts";

/** What a program was asked. */
export interface Request {
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly input: string;
}

/** What it prints, and its exit code. */
export interface Answer {
  readonly output?: string;
  readonly error?: string;
  readonly code?: number;
}

export function sbatch(cluster: FakeCluster, { args, cwd, env, input }: Request): Answer {
  let file = "sbatch";
  const read = sbatchOptions(args, (path) => {
    if (path === undefined) return input;
    file = basename(path);
    return readFileSync(resolve(cwd, path), "utf8");
  });
  const { id } = cluster.submit(jobSpec(read, { cwd, env, file }));
  return { output: read.options.has("parsable") ? `${id}\n` : `Submitted batch job ${id}\n` };
}

export function squeue(cluster: FakeCluster, { args }: Request): Answer {
  const line = readArguments(
    "squeue",
    args,
    {
      ...{ h: "noheader", r: "array", a: "all", o: "format=", O: "Format=", j: "jobs=", n: "name=", t: "states=" },
      ...{ u: "user=", p: "partition=", A: "account=", S: "sort=" },
    },
    ["me", "job="],
  );
  const ids = line.get("jobs") ?? line.get("job");
  const wanted = ids?.split(",").filter((id) => id !== "");
  if (wanted?.length === 1 && elementsNamed(cluster, wanted[0] as string, true).length === 0) {
    return { error: "slurm_load_jobs error: Invalid job id specified\n", code: 1 };
  }
  const states = (line.get("states") ?? "PD,R,CG").toUpperCase().split(",");
  const names = line.get("name")?.split(",");
  const elements = (
    wanted === undefined
      ? cluster.jobs.flatMap((job) => cluster.known(job))
      : wanted.flatMap((id) => elementsNamed(cluster, id, true))
  )
    .filter(({ state }) => states.includes("ALL") || states.includes(state) || states.includes(COMPACT[state]))
    .filter(({ job }) => names === undefined || names.includes(job.spec.name));
  const lines = linesOf(elements, line.has("array"));
  const long = line.get("Format");
  const format = line.get("format") ?? "%.18i %.9P %.8j %.8u %.2t %.10M %.6D %R";
  const row = long === undefined ? (each: Line) => byLetters(format, each) : (each: Line) => byNames(long, each);
  const header = line.has("noheader") ? [] : ["JOBID"];
  return { output: [...header, ...lines.map(row)].map((text) => `${text}\n`).join("") };
}

export function sacct(cluster: FakeCluster, { args }: Request, sinceMs: number): Answer {
  const line = readArguments(
    "sacct",
    args,
    {
      ...{ n: "noheader", P: "parsable2", p: "parsable", X: "allocations", D: "duplicates", j: "jobs=", o: "format=" },
      ...{ S: "starttime=", E: "endtime=", s: "state=", u: "user=", a: "allusers", T: "truncate" },
    },
    ["name=", "noconvert", "array"],
  );
  const wanted = line.get("jobs")?.split(",");
  const names = line.get("name")?.split(",");
  // Without a start time, and without ids, it tells of what happened since midnight.
  const isWindowed = !line.has("starttime") && wanted === undefined;
  const elements = (
    wanted === undefined
      ? cluster.jobs.flatMap((job) => job.elements)
      : wanted.flatMap((id) => elementsNamed(cluster, id, false))
  )
    .filter((each) => !each.isForgotten && (names === undefined || names.includes(each.job.spec.name)))
    .filter(({ endMs }) => !isWindowed || endMs === undefined || endMs >= sinceMs);
  const lines = linesOf(elements, false).flatMap((each) =>
    line.has("duplicates") ? [...each.element.attempts.map((at) => ({ ...each, at })), each] : [each],
  );
  const fields = (line.get("format") ?? "JobID,JobName,Partition,Account,State,ExitCode").split(",");
  const rows = lines.map((each) =>
    fields.map((field) => sacctField(field.toLowerCase().replace(/%.*/, ""), each)).join("|"),
  );
  return { output: [...(line.has("noheader") ? [] : [fields.join("|")]), ...rows].map((text) => `${text}\n`).join("") };
}

export function scancel(cluster: FakeCluster, { args }: Request): Answer {
  const letters = {
    n: "name=",
    u: "user=",
    s: "signal=",
    b: "batch",
    Q: "quiet",
    t: "state=",
    f: "full",
    v: "verbose",
  };
  const line = readArguments("scancel", args, letters, ["me", "jobname="]);
  const names = (line.get("name") ?? line.get("jobname"))?.split(",");
  const states = line.get("state")?.toUpperCase().split(",");
  // Whoever is not there is passed over, and that is no error.
  const elements = (
    line.operands.length === 0
      ? cluster.jobs.flatMap((job) => job.elements)
      : line.operands.flatMap((id) => elementsNamed(cluster, id, false))
  )
    .filter(({ job }) => names === undefined || names.includes(job.spec.name))
    .filter(({ state }) => states === undefined || states.includes(state) || states.includes(COMPACT[state]));
  const signal = line.get("signal");
  if (signal === undefined) cluster.cancel(elements);
  else cluster.signal(elements, `SIG${signal.replace(/^SIG/, "")}` as NodeJS.Signals, line.has("batch"));
  return {};
}

export function requeue(cluster: FakeCluster, operands: readonly string[]): Answer {
  const complaints: string[] = [];
  for (const id of operands.flatMap((each) => each.split(/,(?![^[]*\])/))) {
    const elements = elementsNamed(cluster, id, true);
    if (elements.length === 0) complaints.push(`Invalid job id specified for job ${id}`);
    // The id of an array is also that of its last element, and means all of them.
    for (const each of elements) {
      const complaint = cluster.requeue(each);
      if (complaint !== undefined) complaints.push(`${nameOf(each)}: ${complaint}`);
    }
  }
  return { error: complaints.map((text) => `${text}\n`).join(""), code: complaints.length === 0 ? 0 : 1 };
}

/** `12`, `12_3`, `12_[0-3]`; the own id of an element that was started. */
export function elementsNamed(cluster: FakeCluster, name: string, onlyKnown: boolean): readonly FakeElement[] {
  const match = /^(\d+)(?:_(.+))?$/.exec(name.trim());
  if (match === null) return [];
  const id = Number(match[1]);
  const job = cluster.jobs.find((each) => each.id === id);
  const known = (of: NonNullable<typeof job>): readonly FakeElement[] =>
    onlyKnown ? cluster.known(of) : of.elements.filter((each) => !each.isForgotten || hasEnded(each));
  if (job === undefined) return cluster.jobs.flatMap((each) => known(each).filter((element) => element.id === id));
  const indices = match[2] === undefined ? undefined : arrayIndices(match[2]);
  return known(job).filter(({ index }) => indices === undefined || (index !== undefined && indices.includes(index)));
}

function byLetters(format: string, line: Line): string {
  return format.replace(/%(\.?)(\d*)([A-Za-z])/g, (_, right: string, digits: string, letter: string) => {
    const name = SQUEUE_LETTERS[letter];
    if (name === undefined) throw new Error(`The fake squeue has no field %${letter}.`);
    return fitted(squeueField(name, line), digits === "" ? undefined : Number(digits), right === ".");
  });
}

function byNames(format: string, line: Line): string {
  return format
    .split(",")
    .map((field) => {
      const [name = "", width] = field.split(":");
      return fitted(squeueField(name.toLowerCase(), line), Number(width ?? 20), false);
    })
    .join("");
}

function fitted(text: string, width: number | undefined, right: boolean): string {
  if (width === undefined) return text;
  const cut = text.slice(0, width);
  return right ? cut.padStart(width) : cut.padEnd(width);
}
