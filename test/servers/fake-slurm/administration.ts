import { readArguments } from "./arguments.ts";
import type { FakeCluster } from "./cluster.ts";
import { PARTITIONS } from "./cluster-state.ts";
import { linesOf, squeueField } from "./formats.ts";
import { type Answer, elementsNamed, type Request, requeue } from "./programs.ts";
import type { FakeElement } from "./state.ts";

export function scontrol(cluster: FakeCluster, { args }: Request, accounting: boolean): Answer {
  const { operands } = readArguments("scontrol", args, { o: "oneliner", Q: "quiet" });
  const [command, what, id] = operands;
  if (command === "ping") return { output: "Slurmctld(primary) at fake is UP\n" };
  if (command === "requeue") return requeue(cluster, operands.slice(1));
  if (command === "show" && what?.startsWith("conf") === true) return { output: config(cluster, accounting) };
  if (command === "show" && what?.startsWith("job") === true) return showJob(cluster, id);
  if (command === "update") {
    const given = new Map(operands.slice(1).map((each) => each.split("=") as [string, string]));
    cluster.drain(given.get("NodeName") ?? "", given.get("State") === "DRAIN");
    return {};
  }
  throw new Error(`The fake scontrol does not know "${operands.join(" ")}".`);
}

export function sinfo(cluster: FakeCluster, { args }: Request): Answer {
  const letters = { h: "noheader", a: "all", e: "exact", o: "format=", p: "partition=", N: "Node", V: "version" };
  const line = readArguments("sinfo", args, letters);
  if (line.has("version")) return { output: "slurm-wlm 22.05.8\n" };
  const format = line.get("format") ?? "%P %a %l %D %t %N";
  const groups = new Map<string, string[]>();
  for (const { name, downUntilMs, isDrained } of cluster.nodes) {
    const state = downUntilMs > Date.now() ? "down" : isDrained ? "drain" : "idle";
    groups.set(state, [...(groups.get(state) ?? []), name]);
  }
  const lines = PARTITIONS.flatMap((partition) =>
    [...groups].map(([state, names]) => {
      const values: Readonly<Record<string, string>> = {
        ...{ P: partition === "normal" ? "normal*" : partition, a: "up", l: "infinite", D: `${names.length}` },
        ...{ c: `${cluster.options.cpus}`, m: "4000", G: "(null)", t: state, N: names.join(",") },
        M: partition === "normal" ? "OFF" : "REQUEUE",
      };
      return format.replace(/%\.?\d*([A-Za-z])/g, (all, letter: string) => values[letter] ?? all);
    }),
  );
  return { output: lines.map((text) => `${text}\n`).join("") };
}

function config({ options }: FakeCluster, accounting: boolean): string {
  const values = {
    AccountingStorageType: `accounting_storage/${accounting ? "slurmdbd" : "none"}`,
    ClusterName: "fake",
    JobRequeue: "1",
    KillWait: `${Math.round(options.killWaitMs / 1000)} sec`,
    MaxArraySize: `${options.maxArraySize}`,
    MessageTimeout: "10 sec",
    MinJobAge: `${Math.round(options.minJobAgeMs / 1000)} sec`,
    PreemptMode: "REQUEUE",
    PreemptType: "preempt/partition_prio",
    SlurmctldParameters: "preempt_send_user_signal",
    SLURM_VERSION: "22.05.8",
  };
  const lines = Object.entries(values).map(([name, value]) => `${name.padEnd(24)}= ${value}`);
  return `Configuration data as of ${new Date().toISOString().slice(0, 19)}\n${lines.join("\n")}\n`;
}

function showJob(cluster: FakeCluster, id: string | undefined): Answer {
  const named = id === undefined ? cluster.jobs.flatMap((job) => cluster.known(job)) : elementsNamed(cluster, id, true);
  if (named.length === 0 && id !== undefined) {
    const isElement = id.includes("_");
    return {
      error: isElement ? `Job ${id} not found\n` : "slurm_load_jobs error: Invalid job id specified\n",
      code: 1,
    };
  }
  const text = (element: FakeElement, waiting: string | undefined): string => {
    const line = { element, waiting, at: element };
    const field = (name: string): string => squeueField(name, line);
    const ofArray =
      element.index === undefined ? "" : ` ArrayJobId=${element.job.id} ArrayTaskId=${field("arraytaskid")}`;
    return [
      `JobId=${element.id}${ofArray} JobName=${field("name")} UserId=${element.job.user}(0) JobState=${element.state}`,
      `Reason=${element.reason} Requeue=${element.job.spec.requeue ? 1 : 0} Restarts=${element.restarts}`,
      `ExitCode=${element.exitCode}:${element.exitSignal} Partition=${field("partition")} NodeList=${element.node}`,
      `Comment=${element.job.spec.comment ?? ""}`,
    ].join(" ");
  };
  return {
    output: linesOf(named, false)
      .map(({ element, waiting }) => `${text(element, waiting)}\n`)
      .join(""),
  };
}
