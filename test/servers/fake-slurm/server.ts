import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { scontrol, sinfo } from "./administration.ts";
import type { FakeCluster } from "./cluster.ts";
import type { CallFault, FaultPlan, Program } from "./faults.ts";
import { type Answer, type Request, sacct, sbatch, scancel, squeue } from "./programs.ts";
import { Refusal } from "./sbatch-options.ts";

/** A call that was made. */
export interface FakeCall {
  readonly program: Program;
  readonly args: readonly string[];
  readonly fault: CallFault | undefined;
}

/** What the server needs to know beside the cluster. */
export interface ServerOptions {
  readonly cluster: FakeCluster;
  readonly faults: FaultPlan;
  readonly socket: string;
  readonly accounting: boolean;
  /** What happens beside what was scripted. */
  readonly state: { isControllerDown: boolean; isAccountingDown: boolean; midnightMs: number };
  /** How long a program hangs. */
  readonly hangMs: number;
  readonly calls: FakeCall[];
}

/** Answers the programs. */
export async function startServer(options: ServerOptions): Promise<AsyncDisposable> {
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    socket.on("close", () => open.delete(socket));
    socket.on("error", () => {});
    let text = "";
    socket.setEncoding("utf8");
    socket.on("data", (part: string) => {
      text += part;
      // A client that was killed meanwhile has asked nothing.
      if (!text.endsWith("\n")) return;
      const { program, ...request } = JSON.parse(text) as Request & { readonly program: Program };
      const fault = options.faults.ofCall(program);
      options.calls.push({ program, args: request.args, fault });
      const answer = answerOf(options, program, request, fault);
      const isLate = fault === "hang-after" || fault === "hang-before";
      const timer = setTimeout(() => socket.end(JSON.stringify(answer)), isLate ? options.hangMs : 0);
      socket.on("close", () => clearTimeout(timer));
    });
  });
  server.listen(options.socket);
  await once(server, "listening");
  return {
    [Symbol.asyncDispose]: async () => {
      for (const each of open) each.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

function answerOf(options: ServerOptions, program: Program, request: Request, fault: CallFault | undefined): Answer {
  const { state } = options;
  if (program === "sacct") {
    if (!options.accounting) return { error: "Slurm accounting storage is disabled\n", code: 1 };
    if (fault === "down" || state.isAccountingDown) return accountingDown;
  } else if (fault === "down" || state.isControllerDown) {
    return failed(program, "Unable to contact slurm controller (connect failure)");
  }
  if (fault === "timeout-before" || fault === "hang-before") return timedOut(program);
  if (fault === "refused") {
    return failed(program, "Invalid account or account/partition combination specified");
  }
  const answer = done(options, program, request);
  if (fault === "silence") return {};
  return fault === "timeout-after" || fault === "hang-after" ? timedOut(program) : answer;
}

function done({ cluster, accounting, state }: ServerOptions, program: Program, request: Request): Answer {
  try {
    switch (program) {
      case "sbatch":
        return sbatch(cluster, request);
      case "squeue":
        return squeue(cluster, request);
      case "sacct":
        return sacct(cluster, request, state.midnightMs);
      case "scontrol":
        return scontrol(cluster, request, accounting);
      case "scancel":
        return scancel(cluster, request);
      case "sinfo":
        return sinfo(cluster, request);
    }
  } catch (error) {
    if (error instanceof Refusal) return { error: `${error.message}\n`, code: error.code };
    // Of the fake itself: said so that it cannot be taken for an answer of Slurm.
    return { error: `fake ${program}: ${(error as Error).stack}\n`, code: 70 };
  }
}

const accountingDown: Answer = {
  error: `sacct: error: slurm_persist_conn_open_without_init: failed to open persistent connection to host:localhost:6819: Connection refused
sacct: error: Sending PersistInit msg: Connection refused
sacct: error: Problem talking to the database: Connection refused
`,
  code: 1,
};

function timedOut(program: Program): Answer {
  return failed(program, "Socket timed out on send/recv operation");
}

function failed(program: Program, what: string): Answer {
  const said: Readonly<Record<Program, string>> = {
    sbatch: `sbatch: error: Batch job submission failed: ${what}`,
    squeue: `slurm_load_jobs error: ${what}`,
    sacct: `sacct: error: Problem talking to the database: ${what}`,
    scontrol: `slurm_load_ctl_conf error: ${what}`,
    scancel: `scancel: error: Kill job error: ${what}`,
    sinfo: `slurm_load_partitions: ${what}`,
  };
  return { error: `${said[program]}\n`, code: 1 };
}
