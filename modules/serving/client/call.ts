import { setTimeout as sleep } from "node:timers/promises";
import type { TwinError } from "../../../core/index.ts";
import { QueueFullError, RemoteModelChangedError, ServerUnreachableError } from "../errors.ts";
import type { Balancer } from "./balancer.ts";
import type { CallLimits, Endpoint } from "./endpoint.ts";
import type { Latencies } from "./latencies.ts";
import { codedError, saidBy, verdictOf } from "./verdict.ts";

/** What a call is, beside what is done at each endpoint. */
export interface CallOptions {
  /** Name of the model, for messages. */
  readonly model: string;
  /** Time for all tries, ms. */
  readonly timeoutMs: number;
  /** Ends the call; is aborted when it has its answer and others are on their way still. */
  readonly ending: AbortController;
  readonly latencies: Latencies;
  /** Calls of a kind take about as long. */
  readonly kind: number;
}

type Attempt<T> = (endpoint: Endpoint, limits: CallLimits) => Promise<T>;
type Outcome<T> = { readonly endpoint: Endpoint } & ({ readonly answer: T } | { readonly error: unknown });

type Running<T> = Map<Endpoint, Promise<Outcome<T>>>;

/** Pauses between rounds over all endpoints double from the first to the longest; each is drawn between 0 and that. */
const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 2_000;
/** No try begins with less time than this. */
const LAST_TRY_MS = 10;
/** Told to what is on its way still when the first answer has come. Made once: making the stack of an error takes 40 µs. */
const NOT_NEEDED = new DOMException("Another server has answered.", "AbortError");
/** While nobody knows how long an answer takes, that is looked up so often. */
const LOOK_MS = 50;

/**
 * Does one thing at one endpoint, and where that fails at another, until the time is up. What takes much longer than usual is
 * done at another endpoint beside it, and the first answer counts. So what is done must be pure.
 *
 * @throws {@link ServerUnreachableError} when time is up, with what each endpoint said last; {@link QueueFullError} when
 *   all of them had too much to do; what one endpoint says where all would say it, or all have refused; the reason of the signal.
 */
export async function callSomewhere<T>(balancer: Balancer, attempt: Attempt<T>, options: CallOptions): Promise<T> {
  const { model, timeoutMs, ending } = options;
  const { signal } = ending;
  const until = performance.now() + timeoutMs;
  const leftMs = (): number => until - performance.now();
  const failures = new Map<Endpoint, unknown>();
  for (let round = 0; ; round++) {
    const running: Running<T> = new Map();
    try {
      const answered = await askAround(balancer, attempt, { ...options, leftMs, failures, running });
      if (answered) return answered.answer;
    } finally {
      if (running.size > 0) ending.abort(NOT_NEEDED);
    }
    const refusals = [...failures].filter(([, error]) => verdictOf(error) === "refused");
    const { endpoints } = balancer;
    // Everyone was asked, and nobody does it.
    if (endpoints.length > 0 && endpoints.every((each) => refusals.some(([refusing]) => refusing === each))) {
      throw agreed(refusals, model);
    }
    if (leftMs() < LAST_TRY_MS) throw exhausted(balancer, failures, { model, timeoutMs });
    const pauseMs = Math.random() * Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** round);
    await sleep(Math.min(pauseMs, leftMs() / 2), undefined, { signal }).catch(() => {
      throw signal.reason;
    });
  }
}

/** Asks each endpoint that may be asked, one after the other, or beside each other where one takes long. */
async function askAround<T>(
  balancer: Balancer,
  attempt: Attempt<T>,
  {
    model,
    ending: { signal },
    timeoutMs,
    latencies,
    kind,
    leftMs,
    failures,
    running,
  }: CallOptions & {
    readonly leftMs: () => number;
    readonly failures: Map<Endpoint, unknown>;
    readonly running: Running<T>;
  },
): Promise<{ readonly answer: T } | undefined> {
  const deadline = Date.now() + leftMs();
  /** Those that were tried, with the time. */
  const began = new Map<Endpoint, number>();
  let lastBegan = 0;
  const askAnother = (): void => {
    const endpoint = leftMs() > 0 ? balancer.choose(began) : undefined;
    if (endpoint === undefined) return;
    lastBegan = performance.now();
    began.set(endpoint, lastBegan);
    const outcome = attempt(endpoint, { deadline, signal }).then(
      (answer) => ({ endpoint, answer }),
      (error: unknown) => ({ endpoint, error }),
    );
    running.set(endpoint, outcome);
  };
  askAnother();
  while (running.size > 0) {
    let waitMs: number | undefined;
    if (balancer.hasOtherThan(began)) {
      const patienceMs = latencies.patienceMs(kind);
      const dueMs = patienceMs === undefined ? timeoutMs / 2 : patienceMs * 2 ** (running.size - 1);
      waitMs = Math.min(lastBegan + dueMs - performance.now(), patienceMs ?? LOOK_MS);
      if (waitMs <= 0) {
        askAnother();
        continue;
      }
    }
    const outcome = await firstOf([...running.values()], waitMs);
    if (outcome === undefined) continue;
    const { endpoint } = outcome;
    running.delete(endpoint);
    if ("answer" in outcome) {
      const start = began.get(endpoint) as number;
      latencies.note(kind, performance.now() - start);
      endpoint.hasAnswered();
      for (const other of running.keys()) if ((began.get(other) as number) < start) other.wasOvertaken();
      return outcome;
    }
    const { error } = outcome;
    if (signal.aborted) throw signal.reason;
    const verdict = verdictOf(error);
    if (verdict === "final") throw codedError(error, endpoint.address, model);
    // At the end of a call's time, even one that is well does not answer.
    const isCut = verdict === "silent" && performance.now() - (began.get(endpoint) as number) < timeoutMs / 4;
    if (verdict === "busy" || isCut) endpoint.hasDeclined();
    else endpoint.hasFailed(saidBy(error), { isSilent: verdict === "silent" });
    if (!isCut || !failures.has(endpoint)) failures.set(endpoint, error);
    askAnother();
  }
  return undefined;
}

async function firstOf<T>(running: readonly Promise<T>[], waitMs: number | undefined): Promise<T | undefined> {
  if (waitMs === undefined) return await (running.length === 1 ? running[0] : Promise.race(running));
  let timer: NodeJS.Timeout | undefined;
  const waited = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), waitMs);
  });
  try {
    return await Promise.race([...running, waited]);
  } finally {
    clearTimeout(timer);
  }
}

/** Nobody does it: what the first one said. */
function agreed(failures: readonly (readonly [Endpoint, unknown])[], model: string): unknown {
  const [first] = failures;
  const [endpoint, error] = first as readonly [Endpoint, unknown];
  const changed = failures.find(([, each]) => each instanceof RemoteModelChangedError);
  return changed?.[1] ?? codedError(error, endpoint.address, model);
}

function exhausted(
  { endpoints, absence }: Balancer,
  failures: ReadonlyMap<Endpoint, unknown>,
  { model, timeoutMs }: Pick<CallOptions, "model" | "timeoutMs">,
): TwinError {
  const lines = endpoints.map((endpoint) => {
    const { address, isGood, problem } = endpoint.status;
    const error = failures.get(endpoint);
    // A bad one may have been looked at since.
    const said = isGood && error !== undefined ? saidBy(error) : problem;
    return `  - ${address}: ${said ?? "it was not asked"}`;
  });
  const cause = [...failures.values()].at(-1);
  if (endpoints.length === 0) {
    return new ServerUnreachableError(
      `No server answered for model "${model}" in ${timeoutMs} ms (\`timeoutMs\`): ${absence()}.`,
      { cause },
    );
  }
  const isBusy = failures.size > 0 && [...failures.values()].every((error) => verdictOf(error) === "busy");
  const said = `in ${timeoutMs} ms (\`timeoutMs\`); what each endpoint said last:\n${lines.join("\n")}`;
  if (isBusy) return new QueueFullError(`No server had room for model "${model}" ${said}`, { cause });
  return new ServerUnreachableError(`No server answered for model "${model}" ${said}`, { cause });
}
