import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir, userInfo } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { FakeCluster } from "./fake-slurm/cluster.ts";
import type { ClusterOptions } from "./fake-slurm/cluster-state.ts";
import { type ElementFault, type FakeFault, FaultPlan, type FaultRates, PROGRAMS } from "./fake-slurm/faults.ts";
import { type FakeCall, startServer } from "./fake-slurm/server.ts";
import { type Attempt, hasEnded, type NativeState, nameOf } from "./fake-slurm/state.ts";

export type { ElementFault, FakeFault, FaultRates } from "./fake-slurm/faults.ts";
export type { FakeCall } from "./fake-slurm/server.ts";

/** How a fake Slurm is to be. All times are real ones: what takes minutes in Slurm takes fractions of a second here. */
export interface FakeSlurmOptions extends Partial<Omit<ClusterOptions, "folder" | "user">> {
  /** What goes wrong when. */
  readonly faults?: readonly FakeFault[];
  /** Draws further faults: the same for the same seed. */
  readonly seed?: number;
  readonly rates?: FaultRates;
  /** Whether there are accounts: sacct; `false` by default. */
  readonly accounting?: boolean;
  /** How long a program hangs that hangs; 60,000 by default. */
  readonly hangMs?: number;
}

/** What became of an element, whether or not squeue still knows it. */
export interface FakeElementView {
  /** `12_3` */
  readonly name: string;
  readonly element: number | undefined;
  readonly state: NativeState;
  readonly reason: string;
  readonly restarts: number;
  readonly exitCode: number;
  readonly node: string;
  /** Of its script, while it runs. */
  readonly pid: number | undefined;
  /** Those before the one that is now. */
  readonly attempts: readonly Attempt[];
}

/** A job that was submitted. */
export interface FakeJobView {
  readonly id: string;
  readonly name: string;
  readonly comment: string | undefined;
  readonly script: string;
  readonly hasEnded: boolean;
  readonly elements: readonly FakeElementView[];
}

/** A Slurm that is none: its programs are small ones, and what they say is decided in this process. */
export interface FakeSlurm extends AsyncDisposable {
  /** What a program needs in its environment to use it: a `PATH` with its programs. */
  readonly env: Readonly<Record<string, string>>;
  /** Where its programs are. */
  readonly binFolder: string;
  readonly folder: string;
  /** Every call of a program so far. */
  readonly calls: readonly FakeCall[];
  jobs(): readonly FakeJobView[];
  /** slurmctld: while it is down, jobs go on, and every program but sacct fails. */
  setController(is: "up" | "down"): void;
  /** slurmdbd. */
  setAccounting(is: "up" | "down"): void;
  /** From now on sacct without a start time tells only of what ends from now on. */
  passMidnight(): void;
  /** Something happens to an element that runs. */
  strike(name: string, what: ElementFault): void;
  drain(node: string): void;
  undrain(node: string): void;
  stop(): Promise<void>;
}

/** Starts a fake Slurm with a folder of its own. */
export async function startFakeSlurm(options: FakeSlurmOptions = {}): Promise<FakeSlurm> {
  const { faults = [], seed, rates, accounting = false, hangMs = 60_000, ...cluster_ } = options;
  const folder = await mkdtemp(join(tmpdir(), "fake-slurm-"));
  const binFolder = join(folder, "bin");
  const socket = join(folder, "socket");
  await writePrograms(binFolder, socket);
  const plan = new FaultPlan(faults, seed, rates);
  const cluster = new FakeCluster(
    {
      ...{ nodes: 2, cpus: 4, maxArraySize: 20_001, minuteMs: 60_000, minJobAgeMs: 60_000, killWaitMs: 500 },
      ...{ graceTimeMs: 300, requeueDelayMs: 100, nodeDownMs: 300, user: userInfo().username },
      ...cluster_,
      folder,
    },
    plan,
  );
  const state = { isControllerDown: false, isAccountingDown: false, midnightMs: new Date().setHours(0, 0, 0, 0) };
  const calls: FakeCall[] = [];
  const server = await startServer({ cluster, faults: plan, socket, accounting, state, hangMs, calls });
  const stop = async (): Promise<void> => {
    await server[Symbol.asyncDispose]();
    await cluster.stop();
    await rm(folder, { recursive: true, force: true });
  };
  return {
    env: { PATH: `${binFolder}${delimiter}${process.env["PATH"] ?? ""}` },
    binFolder,
    folder,
    calls,
    jobs: () =>
      cluster.jobs.map(({ id, spec, elements }) => ({
        ...{ id: `${id}`, name: spec.name, comment: spec.comment, script: spec.script },
        hasEnded: elements.every(hasEnded),
        elements: elements.map((each) => ({
          ...{
            name: nameOf(each),
            element: each.index,
            state: each.state,
            reason: each.reason,
            restarts: each.restarts,
          },
          ...{ exitCode: each.exitCode, node: each.node, pid: each.pid, attempts: [...each.attempts] },
        })),
      })),
    setController: (is) => {
      state.isControllerDown = is === "down";
    },
    setAccounting: (is) => {
      state.isAccountingDown = is === "down";
    },
    passMidnight: () => {
      state.midnightMs = Date.now();
    },
    strike: (name, what) => {
      const found = cluster.jobs.flatMap(({ elements }) => elements).find((each) => nameOf(each) === name);
      if (found === undefined) throw new Error(`There is no element ${name}.`);
      cluster.strike(found, what);
    },
    drain: (node) => cluster.drain(node, true),
    undrain: (node) => cluster.drain(node, false),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

async function writePrograms(binFolder: string, socket: string): Promise<void> {
  const client = fileURLToPath(new URL("fake-slurm/client.js", import.meta.url));
  await mkdir(binFolder);
  for (const name of PROGRAMS) {
    const file = join(binFolder, name);
    await writeFile(file, `#!/bin/sh\nexec '${process.execPath}' '${client}' ${name} '${socket}' "$@"\n`);
    await chmod(file, 0o755);
  }
}
