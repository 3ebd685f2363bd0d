import { createHash } from "node:crypto";

/** Programs of the fake. */
export const PROGRAMS = ["sbatch", "squeue", "sacct", "scontrol", "scancel", "sinfo"] as const;
export type Program = (typeof PROGRAMS)[number];

/** What may happen to a call of a program. */
export type CallFault =
  /** Done, but the answer is "Socket timed out". */
  | "timeout-after"
  /** Not done; "Socket timed out". */
  | "timeout-before"
  /** Not done, and never will be: an account that is not there. */
  | "refused"
  /** Nothing printed, exit code 0. */
  | "silence"
  /** Nobody is there: slurmctld of all but sacct, slurmdbd of sacct. */
  | "down"
  /** Done, but the program does not end for a long time. */
  | "hang-after"
  /** Not done, and the program does not end for a long time. */
  | "hang-before";

/** What may happen to an element that runs. */
export type ElementFault =
  /** Its node dies with all its processes. */
  | "node-failure"
  /** The daemon of its node dies; the processes go on. */
  | "node-lost"
  /** SIGUSR1 where asked for, else SIGTERM; after the grace time killed and requeued. */
  | "preemption"
  /** An administrator requeues it. */
  | "requeue"
  | "out-of-memory";

/** One scripted fault. */
export type FakeFault =
  | {
      readonly on: Program;
      /** Which call of the program, counted from 1. */
      readonly call: number;
      /** How many calls from there on; 1 by default. */
      readonly times?: number;
      readonly what: CallFault;
    }
  | {
      readonly on: "element";
      readonly element: number;
      /** Which job, counted from 1 in the order they were submitted; every one by default. */
      readonly job?: number;
      /** At which start of it, 0 for the first, which is the default. */
      readonly restart?: number;
      /** After its start. */
      readonly afterMs: number;
      readonly what: ElementFault;
    };

/** How often faults come where a seed draws them. */
export interface FaultRates {
  /** Of a call; 0.1 by default. */
  readonly calls?: number;
  /** Of an element that starts, for the first two times; 0.15 by default. */
  readonly elements?: number;
  /** At most so long after its start; 300 by default. */
  readonly withinMs?: number;
}

const DRAWN_OF_CALLS: Readonly<Record<Program, readonly CallFault[]>> = {
  sbatch: ["timeout-after", "timeout-before", "down"],
  squeue: ["silence", "timeout-before", "down"],
  sacct: ["silence", "down"],
  scontrol: ["timeout-before", "timeout-after", "down"],
  scancel: ["timeout-before", "timeout-after"],
  sinfo: ["silence", "timeout-before"],
};
const DRAWN_OF_ELEMENTS: readonly ElementFault[] = ["node-failure", "node-lost", "preemption", "requeue"];

/** What goes wrong when: by a script, and where there is a seed at random, the same for the same seed. */
export class FaultPlan {
  readonly #faults: readonly FakeFault[];
  readonly #seed: number | undefined;
  readonly #rates: Required<FaultRates>;
  readonly #calls = new Map<Program, number>();
  /** Drawn faults one after the other, of each program. */
  readonly #inARow = new Map<Program, number>();

  constructor(faults: readonly FakeFault[], seed: number | undefined, rates: FaultRates = {}) {
    this.#faults = faults;
    this.#seed = seed;
    this.#rates = { calls: 0.1, elements: 0.15, withinMs: 300, ...rates };
  }

  /** Of the next call of a program. */
  ofCall(program: Program): CallFault | undefined {
    const call = (this.#calls.get(program) ?? 0) + 1;
    this.#calls.set(program, call);
    for (const fault of this.#faults) {
      if (fault.on !== program) continue;
      if (call >= fault.call && call < fault.call + (fault.times ?? 1)) return fault.what;
    }
    const inARow = this.#inARow.get(program) ?? 0;
    // Never more than two: whoever tries again gets through.
    const isDrawn = inARow < 2 && this.#draw(program, call, "whether") < this.#rates.calls;
    this.#inARow.set(program, isDrawn ? inARow + 1 : 0);
    return isDrawn ? this.#pick(DRAWN_OF_CALLS[program], program, call) : undefined;
  }

  /** Of an element that starts. */
  ofElement(
    job: number,
    element: number,
    restart: number,
  ): { readonly what: ElementFault; readonly afterMs: number } | undefined {
    for (const fault of this.#faults) {
      if (fault.on !== "element" || fault.element !== element || (fault.restart ?? 0) !== restart) continue;
      if (fault.job === undefined || fault.job === job) return fault;
    }
    if (restart > 1 || this.#draw(job, element, restart, "whether") >= this.#rates.elements) return undefined;
    const afterMs = Math.round(this.#draw(job, element, restart, "after") * this.#rates.withinMs);
    return { what: this.#pick(DRAWN_OF_ELEMENTS, job, element, restart), afterMs };
  }

  #pick<T>(choices: readonly T[], ...about: readonly (string | number)[]): T {
    return choices[Math.floor(this.#draw(...about, "what") * choices.length)] as T;
  }

  /** In [0, 1); 1 without a seed. */
  #draw(...about: readonly (string | number)[]): number {
    if (this.#seed === undefined) return 1;
    const digest = createHash("sha256")
      .update([this.#seed, ...about].join("/"))
      .digest();
    return digest.readUInt32BE(0) / 2 ** 32;
  }
}
