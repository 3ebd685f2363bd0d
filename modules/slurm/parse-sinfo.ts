/** A partition of a cluster, as sinfo describes it. */
export interface SlurmPartition {
  readonly name: string;
  /** The one that jobs get which ask for none. */
  readonly isDefault: boolean;
  /** `"up"`, `"down"`, `"drain"`, `"inactive"`. */
  readonly availability: string;
  /** Longest time of a job, s; absent where there is no limit. */
  readonly timeLimitS?: number | undefined;
  readonly nodes: number;
  /** Of them, those that are idle. */
  readonly idleNodes: number;
  /** CPUs of a node; where they differ, the fewest and the most. */
  readonly cpus: readonly [least: number, most: number];
  /** Memory of a node, MiB; where it differs, the least and the most. */
  readonly memoryMiB: readonly [least: number, most: number];
  /** Generic resources of its nodes, each once: `"gpu:a100:4"`. */
  readonly gres: readonly string[];
  /** `"OFF"`, `"REQUEUE"`, `"CANCEL"`, … */
  readonly preemption: string;
}

/** How sinfo is asked: {@link parseSinfo} reads what comes, a line for each kind of node in a partition. */
export const SINFO_PARAMETERS: readonly string[] = [
  "--noheader",
  "--all",
  "--exact",
  "--format=%P|%a|%l|%D|%c|%m|%G|%t|%M",
];

/** Partitions in the order in which sinfo names them. */
export function parseSinfo(stdout: string): readonly SlurmPartition[] {
  const partitions = new Map<string, SlurmPartition>();
  for (const line of stdout.split("\n")) {
    const row = parseRow(line.trim());
    if (row === undefined) continue;
    const before = partitions.get(row.name);
    partitions.set(row.name, before === undefined ? row : joined(before, row));
  }
  return [...partitions.values()];
}

function parseRow(line: string): SlurmPartition | undefined {
  const fields = line.split("|");
  const [label = "", availability = "", limit = "", nodes = "", cpus = "", memory = "", gres = "", state = ""] = fields;
  if (fields.length < 9 || label === "") return undefined;
  const count = Number(nodes) || 0;
  const timeLimitS = parseSlurmTime(limit);
  return {
    name: label.replace(/\*$/, ""),
    isDefault: label.endsWith("*"),
    availability,
    ...(timeLimitS !== undefined && { timeLimitS }),
    nodes: count,
    idleNodes: /^idle/.test(state) ? count : 0,
    cpus: [leading(cpus), leading(cpus)],
    memoryMiB: [leading(memory), leading(memory)],
    gres: gresOf(gres),
    preemption: fields[8] ?? "",
  };
}

function joined(a: SlurmPartition, b: SlurmPartition): SlurmPartition {
  return {
    ...a,
    nodes: a.nodes + b.nodes,
    idleNodes: a.idleNodes + b.idleNodes,
    cpus: [Math.min(a.cpus[0], b.cpus[0]), Math.max(a.cpus[1], b.cpus[1])],
    memoryMiB: [Math.min(a.memoryMiB[0], b.memoryMiB[0]), Math.max(a.memoryMiB[1], b.memoryMiB[1])],
    gres: [...new Set([...a.gres, ...b.gres])],
  };
}

/** `"gpu:a100:4(S:0-1),nvme:1"` without the sockets, whose parentheses may hold commas. */
function gresOf(text: string): readonly string[] {
  if (text === "(null)" || text === "" || text === "N/A") return [];
  return text
    .replaceAll(/\([^)]*\)/g, "")
    .split(",")
    .filter((each) => each !== "");
}

/** `"4+"` of nodes that differ. */
function leading(text: string): number {
  return Number(/^\d+/.exec(text)?.[0] ?? 0);
}

/** `"1-00:00:00"`, `"30:00"`, `"infinite"`, in seconds. */
function parseSlurmTime(text: string): number | undefined {
  const [, days = "0", clock] = /^(?:(\d+)-)?(\d+(?::\d+){0,2})$/.exec(text) ?? [];
  if (clock === undefined) return undefined;
  const parts = clock.split(":").map(Number);
  const [hours = 0, minutes = 0, seconds = 0] =
    parts.length === 3 ? parts : [0, ...(parts.length === 2 ? parts : [parts[0] ?? 0, 0])];
  return ((Number(days) * 24 + hours) * 60 + minutes) * 60 + seconds;
}
