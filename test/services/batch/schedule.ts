import { RandomStream } from "../../../core/index.ts";

/** What happens to a cluster. `node-daemon`: only slurmd dies, and what it started goes on. */
export interface ClusterFault {
  readonly what: "controller" | "node" | "node-daemon" | "drain" | "preemption";
  /** Which node, or which element that runs, counted round. */
  readonly node: number;
  /** How long it lasts. */
  readonly forMs: number;
}

/** What happens to a client, and to its questions. */
export interface ClientFault {
  readonly what: "answer-lost" | "before-sbatch" | "after-sbatch" | "killed";
  /** Of a death at sbatch: at which of its calls. */
  readonly call: number;
}

/** One fault of a schedule; those at sbatch come when it is called. */
export type Fault = (ClusterFault | ClientFault) & { readonly afterMs: number };

const WHAT: readonly Fault["what"][] = [
  ...(["answer-lost", "controller", "node", "node-daemon", "drain"] as const),
  ...(["preemption", "before-sbatch", "after-sbatch", "killed"] as const),
];

/** Two to five faults, the same for the same seed. */
export function schedule(seed: number): readonly Fault[] {
  const random = new RandomStream({ seed: 20_261_122n, id: BigInt(seed) });
  const below = (end: number): number => Math.floor(random.uniform() * end);
  return Array.from({ length: 2 + below(4) }, () => ({
    what: WHAT[below(WHAT.length)] as Fault["what"],
    afterMs: below(12_000),
    node: below(4),
    forMs: 500 + below(4000),
    call: 1 + below(2),
  }));
}

/** Whether it is the client that a fault comes to. */
export function isOfClient(fault: Fault): fault is ClientFault & { readonly afterMs: number } {
  return "call" in fault && ["answer-lost", "before-sbatch", "after-sbatch", "killed"].includes(fault.what);
}
