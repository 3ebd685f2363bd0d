import type { OptionDefinitions } from "./command.ts";
import { EXECUTOR_OPTIONS, type ExecutorChoice } from "./executor-options.ts";
import { SERVE_OPTIONS } from "./serve-options.ts";
import { TASK_OPTIONS } from "./task-options.ts";
import { WATCH_OPTIONS, type WatchChoice } from "./watch-options.ts";

const { host, tlsCertificate, tlsKey, tlsClientCa, tokens, insecure, atTimeLimit, only, maxBatch } = SERVE_OPTIONS;

/** How servers are submitted: further options of `twinloom submit`. */
export const SERVERS_OPTIONS = {
  nodes: { kind: "integer", placeholder: "number", description: "serve: servers, an element each", min: 1, default: 1 },
  host: { ...host, description: "serve: address to listen on (default: 0.0.0.0; local: 127.0.0.1)" },
  tlsCertificate: { ...tlsCertificate, description: `serve: ${tlsCertificate.description}` },
  tlsKey: { ...tlsKey, description: `serve: ${tlsKey.description}` },
  tlsClientCa: { ...tlsClientCa, description: `serve: ${tlsClientCa.description}` },
  tokens: { ...tokens, description: `serve: ${tokens.description}` },
  insecure: { ...insecure, description: `serve: ${insecure.description}` },
  atTimeLimit: { ...atTimeLimit, description: `serve: ${atTimeLimit.description}` },
  only: { ...only, description: `serve: ${only.description}` },
  maxBatch: { ...maxBatch, description: `serve: ${maxBatch.description}` },
} as const satisfies OptionDefinitions;

/** What {@link SERVERS_OPTIONS} gives. */
export interface ServersChoice {
  readonly nodes: number;
  readonly host?: string | undefined;
  readonly tlsCertificate?: string | undefined;
  readonly tlsKey?: string | undefined;
  readonly tlsClientCa?: string | undefined;
  readonly tokens?: string | undefined;
  readonly insecure: boolean;
  readonly atTimeLimit: string;
  readonly only: readonly string[];
  readonly maxBatch?: number | undefined;
}

/** What is submitted, and how: options of `twinloom submit`. */
export const SUBMIT_OPTIONS = {
  parameter: {
    kind: "text",
    short: "p",
    placeholder: "key=values",
    description: "a parameter; of a plan: step.key=values. Several are swept: 1000,2000,5000 or 0..99 or 0..1..0.1",
    many: true,
  },
  zip: { kind: "flag", description: "first values together, second values together (default: all combinations)" },
  table: {
    kind: "text",
    placeholder: "file",
    description: "points of the sweep: .csv (names first), .json or .jsonl; a row is a point",
  },
  ...TASK_OPTIONS,
  out: { kind: "text", placeholder: "folder", description: "folder of the batch (default: batches/<name>-<time>)" },
  ...EXECUTOR_OPTIONS,
  taskTime: {
    kind: "number",
    placeholder: "s",
    description: "how long a task run takes, by which the packing is chosen [s]",
    min: 0,
  },
  measure: {
    kind: "flag",
    description: "find that out: run the first task run of each stage here and now; its result counts",
  },
  dryRun: { kind: "flag", description: "print what would be submitted, and leave nothing behind" },
  ...WATCH_OPTIONS,
} as const satisfies OptionDefinitions;

/** What {@link SUBMIT_OPTIONS} gives. */
export interface SubmitChoice extends ExecutorChoice, WatchChoice {
  readonly parameter: readonly string[];
  readonly zip: boolean;
  readonly table?: string | undefined;
  readonly input: readonly string[];
  readonly seed?: bigint | undefined;
  readonly out?: string | undefined;
  readonly taskTime?: number | undefined;
  readonly measure: boolean;
  readonly dryRun: boolean;
  readonly store?: string | undefined;
  /** Whether a withdrawn version is run. */
  readonly force: boolean;
}
