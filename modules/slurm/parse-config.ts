/** What of `scontrol show config` matters here. */
export interface SlurmConfig {
  readonly version: string | undefined;
  /** Most elements of one array: the highest index is one less. */
  readonly maxArraySize: number;
  /** Whether Slurm keeps accounts of what has ended. */
  readonly accounting: boolean;
  /** How long squeue knows a job that has ended, s. */
  readonly minJobAgeS: number;
  /** How long an answer may take, s. */
  readonly messageTimeoutS: number;
  readonly preemptMode: string;
  readonly preemptType: string;
  /** Whether jobs are told before they are pre-empted. */
  readonly preemptionIsAnnounced: boolean;
  /** Whether jobs are requeued where they do not say; ours do say. */
  readonly jobRequeue: boolean;
  readonly clusterName: string | undefined;
}

/** Reads `scontrol show config`. What is not there has Slurm's default. */
export function parseConfig(stdout: string): SlurmConfig {
  const values = new Map<string, string>();
  for (const line of stdout.split("\n")) {
    const [, key, value] = /^(\w+)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
    if (key !== undefined && value !== undefined) values.set(key.toLowerCase(), value);
  }
  const text = (key: string): string | undefined => {
    const value = values.get(key.toLowerCase());
    return value === undefined || value === "(null)" ? undefined : value;
  };
  const number = (key: string, fallback: number): number => {
    const digits = /^\d+/.exec(text(key) ?? "")?.[0];
    return digits === undefined ? fallback : Number(digits);
  };
  const storage = text("AccountingStorageType") ?? "none";
  return {
    version: text("SLURM_VERSION"),
    maxArraySize: number("MaxArraySize", 1001),
    accounting: !/(^|\/)none$/i.test(storage),
    minJobAgeS: number("MinJobAge", 300),
    messageTimeoutS: number("MessageTimeout", 10),
    preemptMode: text("PreemptMode") ?? "OFF",
    preemptType: text("PreemptType") ?? "preempt/none",
    preemptionIsAnnounced: /preempt_send_user_signal/.test(text("SlurmctldParameters") ?? ""),
    jobRequeue: number("JobRequeue", 1) !== 0,
    clusterName: text("ClusterName"),
  };
}
