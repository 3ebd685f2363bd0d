import { join } from "node:path";
import { type ClusterOptions, dependencyState, type FakeNode, newElements, PARTITIONS } from "./cluster-state.ts";
import { type ElementProcess, startElement } from "./element-process.ts";
import type { ElementFault, FaultPlan } from "./faults.ts";
import { submissionFailed } from "./sbatch-options.ts";
import { type FakeElement, type FakeJob, hasEnded, type JobSpec, type NativeState } from "./state.ts";

/** Longer ones fire at once. */
const LONGEST_TIMER_MS = 2 ** 30;

/** Jobs of the fake, and what happens to them. */
export class FakeCluster {
  readonly options: ClusterOptions;
  readonly jobs: FakeJob[] = [];
  readonly nodes: readonly FakeNode[];
  readonly #faults: FaultPlan;
  readonly #processes = new Map<FakeElement, ElementProcess>();
  /** Those of nodes that are lost: nobody asks any more what becomes of them. */
  readonly #survivors = new Set<ElementProcess>();
  readonly #timers = new Set<NodeJS.Timeout>();
  #wake: NodeJS.Timeout | undefined;
  #nextId = 1;
  readonly #stopped = new AbortController();

  constructor(options: ClusterOptions, faults: FaultPlan) {
    this.options = options;
    this.#faults = faults;
    this.nodes = Array.from({ length: options.nodes }, (_, i) => ({
      name: `node${i}`,
      downUntilMs: 0,
      isDrained: false,
    }));
  }

  submit(spec: JobSpec): FakeJob {
    if (!PARTITIONS.includes(spec.partition)) throw submissionFailed("Invalid partition name specified");
    if (Math.max(-1, ...(spec.indices ?? [])) >= this.options.maxArraySize) {
      throw submissionFailed("Invalid job array specification");
    }
    if (spec.cpus > this.options.cpus) throw submissionFailed("Requested node configuration is not available");
    const elements: FakeElement[] = [];
    const id = this.#nextId++;
    const { user } = this.options;
    const job: FakeJob = { id, ordinal: this.jobs.length + 1, spec, submitMs: Date.now(), user, elements };
    elements.push(...newElements(job));
    this.jobs.push(job);
    this.#later(0, () => this.#schedule());
    return job;
  }

  /** Ends elements; those that never started and are of an array that goes on are forgotten. */
  cancel(elements: readonly FakeElement[]): void {
    for (const element of elements) {
      if (hasEnded(element)) continue;
      if (element.state === "PENDING") {
        const isOfMore = element.job.elements.some((other) => !elements.includes(other) && other.id === element.id);
        element.isForgotten = isOfMore && element.startMs === undefined;
        this.#end(element, "CANCELLED");
      } else this.#terminate(element, { state: "CANCELLED", requeued: false });
    }
    this.#schedule();
  }

  /** To all processes of elements that run, or only to their scripts. */
  signal(elements: readonly FakeElement[], signal: NodeJS.Signals, onlyScript: boolean): void {
    for (const element of elements) this.#processes.get(element)?.kill(signal, { onlyScript });
  }

  /** @returns Why not, in Slurm's words. */
  requeue(element: FakeElement): string | undefined {
    if (element.state === "PENDING") return "Job is pending execution";
    if (element.state === "COMPLETING") return "Requested operation is presently disabled";
    if (hasEnded(element)) {
      this.#again(element, element.state);
      return undefined;
    }
    this.#terminate(element, { state: "REQUEUED", requeued: true });
    return undefined;
  }

  /** What the administrator, another user or fate does to an element that runs. */
  strike(element: FakeElement, what: ElementFault): void {
    if (element.state !== "RUNNING") return;
    const { requeue, signal } = element.job.spec;
    const process = this.#processes.get(element);
    if (what === "requeue") this.requeue(element);
    else if (what === "out-of-memory") {
      element.ending = { state: "OUT_OF_MEMORY", requeued: false };
      process?.kill("SIGKILL");
    } else if (what === "preemption") {
      if (signal === undefined) process?.kill("SIGTERM");
      else this.#warn(element);
      this.#later(this.options.graceTimeMs, () => {
        if (this.#processes.get(element) !== process) return;
        this.#terminate(element, { state: "PREEMPTED", requeued: requeue });
      });
    } else {
      const node = this.nodes.find(({ name }) => name === element.node);
      if (node !== undefined) node.downUntilMs = Date.now() + this.options.nodeDownMs;
      for (const other of this.#running()) {
        if (other.node !== element.node) continue;
        const lost = this.#processes.get(other);
        if (lost === undefined) continue;
        this.#processes.delete(other);
        if (what === "node-lost") this.#survivors.add(lost);
        else lost.kill("SIGKILL");
        if (other.job.spec.requeue) this.#again(other, "NODE_FAIL");
        else this.#end(other, "NODE_FAIL");
      }
      this.#schedule();
    }
  }

  /** Changes which nodes take elements. */
  drain(name: string, isDrained: boolean): void {
    for (const node of this.nodes) if (node.name === name) node.isDrained = isDrained;
    this.#schedule();
  }

  /** Elements that squeue may still tell of. */
  known(job: FakeJob): readonly FakeElement[] {
    const oldest = Date.now() - this.options.minJobAgeMs;
    return job.elements.filter(
      (each) => !each.isForgotten && (!hasEnded(each) || (each.endMs ?? Number.POSITIVE_INFINITY) >= oldest),
    );
  }

  /** Kills everything. */
  async stop(): Promise<void> {
    this.#stopped.abort();
    for (const timer of this.#timers) clearTimeout(timer);
    const all = [...this.#processes.values(), ...this.#survivors];
    for (const each of all) each.kill("SIGKILL");
    await Promise.all(all.map(({ ended }) => ended));
  }

  #running(): readonly FakeElement[] {
    return this.jobs.flatMap(({ elements }) =>
      elements.filter(({ state }) => state === "RUNNING" || state === "COMPLETING"),
    );
  }

  #schedule(): void {
    if (this.#stopped.signal.aborted) return;
    const now = Date.now();
    const used = new Map<string, number>();
    for (const { node, job } of this.#running()) used.set(node, (used.get(node) ?? 0) + job.spec.cpus);
    for (const job of this.jobs) {
      const state = dependencyState(this.jobs, job);
      let atOnce = job.elements.filter((each) => each.state === "RUNNING" || each.state === "COMPLETING").length;
      if (state === "never" && job.spec.cancelIfNever) {
        for (const each of job.elements)
          if (each.state === "PENDING") this.#end(each, "CANCELLED", "DependencyNeverSatisfied");
      }
      for (const element of job.elements) {
        if (element.state !== "PENDING" || element.reason === "JobHeldUser") continue;
        const node = this.nodes.find(
          ({ name, downUntilMs, isDrained }) =>
            downUntilMs <= now && !isDrained && (used.get(name) ?? 0) + job.spec.cpus <= this.options.cpus,
        );
        if (state === "never") element.reason = "DependencyNeverSatisfied";
        else if (state === "waiting") element.reason = "Dependency";
        else if (element.beginMs > now) element.reason = "BeginTime";
        else if (atOnce >= (job.spec.atOnce ?? Number.POSITIVE_INFINITY)) element.reason = "JobArrayTaskLimit";
        else if (node === undefined) element.reason = "Resources";
        else {
          atOnce++;
          used.set(node.name, (used.get(node.name) ?? 0) + job.spec.cpus);
          this.#start(element, node.name);
        }
      }
    }
    // The clock may be a little behind the timer that called this: what then still waits for its time is looked at again.
    const due = [
      ...this.jobs.flatMap(({ elements }) => elements.map(({ state, beginMs }) => (state === "PENDING" ? beginMs : 0))),
      ...this.nodes.map(({ downUntilMs }) => downUntilMs),
    ].filter((ms) => ms > now && Number.isFinite(ms));
    clearTimeout(this.#wake);
    if (due.length > 0)
      this.#wake = this.#later(Math.min(...due, now + LONGEST_TIMER_MS) - now + 1, () => this.#schedule());
  }

  #start(element: FakeElement, node: string): void {
    // Each has an id of its own when it starts; the last that waited keeps that of the array.
    const others = element.job.elements.filter((each) => each !== element && each.id === element.job.id);
    const isFirst = element.startMs === undefined && element.attempts.length === 0;
    if (isFirst && others.length > 0) element.id = this.#nextId++;
    element.state = "RUNNING";
    element.reason = "None";
    element.node = node;
    element.startMs = Date.now();
    element.endMs = undefined;
    element.ending = undefined;
    element.isWarned = false;
    void this.#run(element).catch(() => this.#end(element, "FAILED", "JobLaunchFailure"));
  }

  async #run(element: FakeElement): Promise<void> {
    const process = await startElement(element, join(this.options.folder, "spool"));
    if (this.#stopped.signal.aborted || element.state !== "RUNNING") {
      process.kill("SIGKILL");
      if (element.state === "COMPLETING") this.#finish(element, { code: 0, signal: 9 });
      return;
    }
    element.pid = process.pid;
    this.#processes.set(element, process);
    const { spec } = element.job;
    const whileIt = (afterMs: number, act: () => void): void =>
      void this.#later(afterMs, () => {
        if (this.#processes.get(element) === process) act();
      });
    if (spec.timeLimitS !== undefined) {
      const { signal, timeLimitS } = spec;
      const ms = (seconds: number): number => Math.max(0, (seconds / 60) * this.options.minuteMs);
      if (signal !== undefined) {
        whileIt(ms(timeLimitS - signal.beforeS), () => this.#warn(element));
      }
      whileIt(ms(timeLimitS), () => this.#terminate(element, { state: "TIMEOUT", requeued: false }));
    }
    const fault = this.#faults.ofElement(element.job.ordinal, element.index ?? 0, element.restarts);
    if (fault !== undefined) whileIt(fault.afterMs, () => this.strike(element, fault.what));
    const exit = await process.ended;
    this.#survivors.delete(process);
    if (this.#processes.get(element) !== process) return;
    this.#processes.delete(element);
    this.#finish(element, exit);
  }

  #finish(element: FakeElement, { code, signal }: { readonly code: number; readonly signal: number }): void {
    element.exitCode = code;
    element.exitSignal = signal;
    const { ending } = element;
    if (ending?.requeued === true) this.#again(element, ending.state);
    else if (ending !== undefined) this.#end(element, ending.state, ending.state === "TIMEOUT" ? "TimeLimit" : "None");
    else if (code === 0 && signal === 0) this.#end(element, "COMPLETED");
    else this.#end(element, "FAILED", signal === 0 ? "NonZeroExitCode" : "RaisedSignal:9(Killed)");
    this.#schedule();
  }

  /** What --signal asks for, once: before the time is up, or before it is pre-empted. */
  #warn(element: FakeElement): void {
    const { signal } = element.job.spec;
    if (signal === undefined || element.isWarned) return;
    element.isWarned = true;
    this.#processes.get(element)?.kill(signal.name, { onlyScript: signal.toScript });
  }

  #terminate(element: FakeElement, ending: NonNullable<FakeElement["ending"]>): void {
    element.ending = ending;
    element.state = "COMPLETING";
    const process = this.#processes.get(element);
    process?.kill("SIGCONT");
    process?.kill("SIGTERM");
    this.#later(this.options.killWaitMs, () => {
      if (this.#processes.get(element) === process) process?.kill("SIGKILL");
    });
  }

  /** Back into the queue, with what was kept among its attempts. */
  #again(element: FakeElement, state: NativeState): void {
    const { exitCode, exitSignal, node, startMs } = element;
    element.attempts.push({ state, exitCode, exitSignal, node, startMs, endMs: Date.now() });
    element.restarts++;
    element.beginMs = Date.now() + this.options.requeueDelayMs;
    element.state = "PENDING";
    element.reason = "BeginTime";
    element.ending = undefined;
    element.node = "";
    element.exitCode = 0;
    element.exitSignal = 0;
    element.pid = undefined;
    this.#schedule();
  }

  #end(element: FakeElement, state: NativeState, reason = element.reason): void {
    element.state = state;
    element.reason = reason;
    element.endMs = Date.now();
    element.pid = undefined;
  }

  #later(ms: number, act: () => void): NodeJS.Timeout | undefined {
    if (this.#stopped.signal.aborted) return undefined;
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      if (!this.#stopped.signal.aborted) act();
    }, ms);
    this.#timers.add(timer);
    return timer;
  }
}
