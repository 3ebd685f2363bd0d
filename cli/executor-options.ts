import type { OptionDefinitions } from "./command.ts";

/** Where a batch runs, and what its elements get: options of the commands that submit. */
export const EXECUTOR_OPTIONS = {
  executor: {
    kind: "text",
    placeholder: "name",
    description:
      "where it runs: local (this computer) or slurm (default: slurm with --profile, or where sbatch is found)",
    choices: ["local", "slurm"],
  },
  processes: {
    kind: "integer",
    placeholder: "number",
    description: "local: most processes at the same time (default: one per processor)",
    min: 1,
  },
  profile: {
    kind: "text",
    placeholder: "file",
    description: "slurm: what this site asks for, YAML; or the name of a profile that comes with Twinloom: juwels-like",
  },
  account: { kind: "text", placeholder: "name", description: "slurm: whose budget is charged" },
  partition: { kind: "text", placeholder: "name", description: "slurm: partition, also of elements with GPUs" },
  qos: { kind: "text", placeholder: "name", description: "slurm: quality of service" },
  reservation: { kind: "text", placeholder: "name", description: "slurm: reservation" },
  constraint: { kind: "text", placeholder: "features", description: "slurm: features that nodes must have" },
  time: {
    kind: "text",
    placeholder: "time",
    description: "longest time of an element: 00:30:00, 1-12:00:00, 90s, 30min, 2h, 1d",
  },
  warn: {
    kind: "integer",
    placeholder: "s",
    description:
      "how long before that an element is told, so that it saves where it is [s] (default: as the profile says, or 120; local: 60)",
    min: 1,
    max: 65_535,
  },
  cpus: { kind: "integer", placeholder: "number", description: "processors of an element", min: 1 },
  memory: { kind: "text", placeholder: "size", description: "memory of an element: 500M, 4G (local: not enforced)" },
  gpus: { kind: "integer", placeholder: "number", description: "GPUs of an element (local: not enforced)", min: 0 },
  arrayLimit: {
    kind: "integer",
    placeholder: "number",
    description: "most elements that run at the same time",
    min: 1,
  },
  packing: {
    kind: "integer",
    placeholder: "number",
    description: "task runs of an element, one after the other (default: chosen)",
    min: 1,
  },
} as const satisfies OptionDefinitions;

/** What {@link EXECUTOR_OPTIONS} gives. */
export interface ExecutorChoice {
  readonly executor?: "local" | "slurm" | undefined;
  readonly processes?: number | undefined;
  readonly profile?: string | undefined;
  readonly account?: string | undefined;
  readonly partition?: string | undefined;
  readonly qos?: string | undefined;
  readonly reservation?: string | undefined;
  readonly constraint?: string | undefined;
  readonly time?: string | undefined;
  readonly warn?: number | undefined;
  readonly cpus?: number | undefined;
  readonly memory?: string | undefined;
  readonly gpus?: number | undefined;
  readonly arrayLimit?: number | undefined;
  readonly packing?: number | undefined;
}
