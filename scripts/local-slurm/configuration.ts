import { userInfo } from "node:os";
import { join } from "node:path";

/** What a Slurm of one machine is to be like. */
export interface LocalSlurmOptions {
  /** Absolute. Everything is in it: configuration, keys, logs, state. */
  readonly folder: string;
  /** How many nodes it pretends to have: `node0`, `node1`, … 2 by default. */
  readonly nodes?: number | undefined;
  /** CPUs that each node says it has, whatever the machine has; 4 by default. */
  readonly cpus?: number | undefined;
  /** Memory that each node says it has; 4000 by default. */
  readonly memoryMiB?: number | undefined;
  /** Keeps accounts of what has ended, in a database of its own (slurmdbd and MariaDB); not by default. */
  readonly accounting?: boolean | undefined;
  /** Of the controller; the nodes have the next ones. Free ports by default. */
  readonly port?: number | undefined;
  /** How long squeue knows a job that has ended; 60 by default, at least 2. */
  readonly minJobAgeS?: number | undefined;
  /** How long a pre-empted job goes on; 5 by default. */
  readonly graceTimeS?: number | undefined;
  /** How long a node may be silent before it counts as down; 10 by default. */
  readonly nodeTimeoutS?: number | undefined;
  /** Further lines of slurm.conf. */
  readonly lines?: readonly string[] | undefined;
}

/** Ports of the daemons. */
export interface SlurmPorts {
  readonly controller: number;
  readonly nodes: readonly number[];
}

/** Of accounting. */
export interface AccountingPorts {
  readonly dbd: number;
  readonly database: number;
}

/** Names of the nodes. */
export function nodeNames({ nodes = 2 }: LocalSlurmOptions): readonly string[] {
  return Array.from({ length: nodes }, (_, i) => `node${i}`);
}

/** Text of slurm.conf. Several nodes on one machine differ by their ports alone. */
export function slurmConf(options: LocalSlurmOptions, ports: SlurmPorts, accounting?: AccountingPorts): string {
  const { folder, cpus = 4, memoryMiB = 4000, minJobAgeS = 60, graceTimeS = 5, nodeTimeoutS = 10 } = options;
  const user = userInfo().username;
  return `${[
    "ClusterName=local",
    "SlurmctldHost=localhost",
    `SlurmctldPort=${ports.controller}`,
    // Whoever starts it: it needs no rights of root to run jobs of one user.
    `SlurmUser=${user}`,
    `SlurmdUser=${user}`,
    "AuthType=auth/munge",
    "CredType=cred/munge",
    // What is requeued starts as soon as its credential has expired: 120 s otherwise.
    `AuthInfo=socket=${join(folder, "munge.socket")},cred_expire=5`,
    `StateSaveLocation=${join(folder, "state")}`,
    `SlurmdSpoolDir=${join(folder, "spool", "%n")}`,
    `SlurmctldPidFile=${join(folder, "slurmctld.pid")}`,
    `SlurmdPidFile=${join(folder, "%n.pid")}`,
    `SlurmctldLogFile=${logFile(folder, "slurmctld")}`,
    `SlurmdLogFile=${logFile(folder, "%n")}`,
    `SlurmdTimeout=${nodeTimeoutS}`,
    "ReturnToService=2",
    // SIGUSR1 where --signal asks for it also before a pre-emption, instead of SIGTERM.
    "SlurmctldParameters=preempt_send_user_signal",
    // Nodes have as many CPUs as they say.
    "SlurmdParameters=config_overrides",
    "ProctrackType=proctrack/linuxproc",
    "TaskPlugin=task/none",
    "SwitchType=switch/none",
    "MpiDefault=none",
    "JobAcctGatherType=jobacct_gather/none",
    "SelectType=select/cons_tres",
    "SelectTypeParameters=CR_Core_Memory",
    "SchedulerType=sched/backfill",
    "SchedulerParameters=batch_sched_delay=0,sched_interval=2,bf_interval=2,default_queue_depth=2000,bf_max_job_test=2000",
    "PreemptType=preempt/partition_prio",
    "PreemptMode=REQUEUE",
    "JobRequeue=1",
    "KillWait=2",
    `MinJobAge=${minJobAgeS}`,
    "MaxArraySize=20001",
    "MaxJobCount=50000",
    ...(accounting === undefined
      ? ["AccountingStorageType=accounting_storage/none"]
      : [
          "AccountingStorageType=accounting_storage/slurmdbd",
          "AccountingStorageHost=localhost",
          `AccountingStoragePort=${accounting.dbd}`,
          // Of munge this is not a password but the socket.
          `AccountingStoragePass=${join(folder, "munge.socket")}`,
          "AccountingStoreFlags=job_comment",
        ]),
    ...nodeNames(options).map(
      (name, i) =>
        `NodeName=${name} NodeHostname=localhost NodeAddr=127.0.0.1 Port=${ports.nodes[i]} CPUs=${cpus} RealMemory=${memoryMiB}`,
    ),
    ...[
      "PartitionName=normal Default=YES PriorityTier=10 PreemptMode=OFF",
      `PartitionName=low PriorityTier=1 PreemptMode=REQUEUE GraceTime=${graceTimeS}`,
    ].map((line) => `${line} Nodes=ALL State=UP MaxTime=INFINITE DefaultTime=60 DefMemPerCPU=100`),
    ...(options.lines ?? []),
  ].join("\n")}\n`;
}

/** Where a daemon writes what happens. */
export function logFile(folder: string, daemon: string): string {
  return join(folder, `${daemon}.log`);
}
