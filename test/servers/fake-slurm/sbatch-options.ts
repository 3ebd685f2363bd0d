import type { JobSpec } from "./state.ts";

/** What sbatch answers to something that it does not accept. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly code: number;

  constructor(message: string, code = 1) {
    super(message);
    this.code = code;
  }
}

/** Short options of sbatch, and the long ones that they mean. */
const SHORT: Readonly<Record<string, string>> = {
  ...{ a: "array", A: "account", c: "cpus-per-task", C: "constraint", D: "chdir", d: "dependency", e: "error" },
  ...{ G: "gpus", H: "hold", J: "job-name", N: "nodes", n: "ntasks", o: "output", p: "partition", q: "qos" },
  ...{ t: "time", Q: "quiet", k: "no-kill", x: "exclude", w: "nodelist", L: "licenses", s: "oversubscribe" },
};
const VALUED = new Set([
  ...["array", "account", "cpus-per-task", "constraint", "chdir", "dependency", "error", "gpus", "job-name", "nodes"],
  ...["ntasks", "output", "partition", "qos", "time", "exclude", "nodelist", "licenses", "comment", "export", "gres"],
  ...["kill-on-invalid-dep", "mem", "mem-per-cpu", "open-mode", "reservation", "signal", "wrap", "gpus-per-task"],
  ...["ntasks-per-node", "gpus-per-node", "time-min", "mail-type", "mail-user", "input", "hint", "nice", "begin"],
]);
const FLAGS = new Set(["parsable", "requeue", "no-requeue", "hold", "quiet", "exclusive", "no-kill", "oversubscribe"]);

interface Parsed {
  readonly options: ReadonlyMap<string, string>;
  readonly rest: readonly string[];
}

/** Of a command line; of a script its `#SBATCH` lines, which the command line overrides. */
export function sbatchOptions(
  args: readonly string[],
  script: (file: string | undefined) => string,
): {
  readonly options: ReadonlyMap<string, string>;
  readonly script: string;
  readonly args: readonly string[];
} {
  const line = parse(args);
  const [file, ...rest] = line.rest;
  const wrapped = line.options.get("wrap");
  const text = wrapped === undefined ? script(file) : `#!/bin/sh\n${wrapped}\n`;
  if (!text.startsWith("#!")) {
    throw new Refusal(
      `sbatch: error: This does not look like a batch script.  The first
sbatch: error: line must start with #! followed by the path to an interpreter.
sbatch: error: For instance: #!/bin/sh`,
    );
  }
  const inScript: string[] = [];
  for (const each of text.split("\n").slice(1)) {
    // As sbatch does: up to the first line that is a command.
    if (each.startsWith("#SBATCH ")) inScript.push(...words(each.slice(8)));
    else if (each.trim() !== "" && !each.startsWith("#")) break;
  }
  return { options: new Map([...parse(inScript).options, ...line.options]), script: text, args: rest };
}

/** Job that the options ask for. */
export function jobSpec(
  { options, script, args }: ReturnType<typeof sbatchOptions>,
  { cwd, env, file }: { readonly cwd: string; readonly env: Readonly<Record<string, string>>; readonly file: string },
): JobSpec {
  const array = options.get("array");
  const [list, limit] = (array ?? "").split("%");
  const after = options.get("dependency");
  const time = options.get("time");
  return {
    name: options.get("job-name") ?? file,
    comment: options.get("comment"),
    partition: options.get("partition") ?? "normal",
    account: options.get("account") ?? "root",
    qos: options.get("qos") ?? "normal",
    script,
    args,
    cwd: options.get("chdir") ?? cwd,
    env: exported(options.get("export") ?? "ALL", env),
    indices: array === undefined ? undefined : arrayIndices(list as string),
    atOnce: limit === undefined ? undefined : Number(limit),
    cpus: Number(options.get("cpus-per-task") ?? 1) * Number(options.get("ntasks") ?? 1),
    timeLimitS: time === undefined ? undefined : durationS(time),
    signal: signalOf(options.get("signal")),
    requeue: !options.has("no-requeue"),
    after: after === undefined ? [] : dependencies(after),
    cancelIfNever: options.get("kill-on-invalid-dep") === "yes",
    output: options.get("output"),
    error: options.get("error"),
    append: options.get("open-mode") === "append",
    hold: options.has("hold"),
  };
}

/** `0-3,7`, `0-10:2` as numbers. */
export function arrayIndices(list: string): readonly number[] {
  const found: number[] = [];
  for (const part of list.replace(/^\[|\]$/g, "").split(",")) {
    const match = /^(\d+)(?:-(\d+)(?::(\d+))?)?$/.exec(part);
    const [from, to, step] = [Number(match?.[1]), Number(match?.[2] ?? match?.[1]), Number(match?.[3] ?? 1)];
    if (match === null || to < from || step < 1) throw submissionFailed("Invalid job array specification");
    for (let i = from; i <= to; i += step) found.push(i);
  }
  return found;
}

/** As sbatch says why nothing was submitted. */
export function submissionFailed(reason: string): Refusal {
  return new Refusal(`sbatch: error: Batch job submission failed: ${reason}`);
}

function parse(args: readonly string[]): Parsed {
  const options = new Map<string, string>();
  for (let i = 0; i < args.length; i++) {
    const arg = args[i] as string;
    if (!/^-./.test(arg)) return { options, rest: args.slice(i) };
    const long = /^--([a-z-]+)(?:=(.*))?$/s.exec(arg);
    const name = long?.[1] ?? SHORT[arg[1] as string] ?? arg;
    const given = long === null ? arg.slice(2) || undefined : long[2];
    if (VALUED.has(name)) options.set(name, given ?? args[++i] ?? "");
    else if (FLAGS.has(name)) options.set(name, given ?? "");
    else throw new Refusal(`sbatch: unrecognized option '${arg}'\nTry "sbatch --help" for more information`, 255);
  }
  return { options, rest: [] };
}

function words(line: string): readonly string[] {
  const found = line.match(/(?:"[^"]*"|'[^']*'|[^\s"'])+/g) ?? [];
  const comment = found.findIndex((word) => word.startsWith("#"));
  return (comment < 0 ? found : found.slice(0, comment)).map(unquoted);
}

/** Within quotes of one kind, the other is a character like any. */
function unquoted(word: string): string {
  return word.replace(
    /"([^"]*)"|'([^']*)'/g,
    (_quoted, double: string | undefined, single: string | undefined) => double ?? single ?? "",
  );
}

/** `30` minutes, `1:30`, `1:00:00`, `2-0`, `2-12:00:00`. Here, unlike in Slurm, seconds are not rounded up to minutes. */
function durationS(text: string): number | undefined {
  if (/^(infinite|unlimited|-1)$/i.test(text)) return undefined;
  const match = /^(?:(\d+)-)?(\d+)(?::(\d+))?(?::(\d+))?$/.exec(text);
  if (match === null) throw new Refusal("sbatch: error: Invalid --time specification", 255);
  const [days, a, b, c] = match
    .slice(1)
    .map((part: string | undefined) => (part === undefined ? undefined : Number(part)));
  if (days !== undefined) return days * 86_400 + (a ?? 0) * 3600 + (b ?? 0) * 60 + (c ?? 0);
  return c === undefined ? (a ?? 0) * 60 + (b ?? 0) : (a ?? 0) * 3600 + (b ?? 0) * 60 + c;
}

function signalOf(text: string | undefined): JobSpec["signal"] {
  if (text === undefined) return undefined;
  const match = /^(?:([BR]+):)?(?:SIG)?([A-Z0-9]+)(?:@(\d+))?$/.exec(text);
  if (match === null) throw new Refusal("sbatch: error: Invalid --signal specification", 255);
  const name = match[2] === "10" ? "USR1" : match[2];
  return {
    name: `SIG${name}` as NodeJS.Signals,
    beforeS: Number(match[3] ?? 60),
    toScript: match[1]?.includes("B") ?? false,
  };
}

function dependencies(text: string): JobSpec["after"] {
  return text.split(",").flatMap((part) => {
    const [kind = "", ...ids] = part.split(":");
    return ids.map((id) => ({ kind, id: Number.parseInt(id, 10) }));
  });
}

function exported(text: string, env: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const names = text.split(",");
  const of = (name: string): string => env[name] ?? "";
  const base = names.includes("ALL") ? env : { PATH: of("PATH"), HOME: of("HOME"), USER: of("USER") };
  const given = names.filter((name) => !["ALL", "NONE", "NIL"].includes(name));
  const pairs = given.map((each) => {
    const at = each.indexOf("=");
    return at < 0 ? [each, of(each)] : [each.slice(0, at), each.slice(at + 1)];
  });
  return { ...base, ...Object.fromEntries(pairs) };
}
