import { setTimeout as sleep } from "node:timers/promises";
import type { ServiceError } from "@grpc/grpc-js";
import { TwinError } from "../../../core/index.ts";
import { QueueFullError, RemoteModelChangedError, ServerUnreachableError } from "../errors.ts";
import { errorOf, remoteCodeOf, STATUS } from "../protocol/status.ts";
import type { Balancer } from "./balancer.ts";
import type { CallLimits, Endpoint } from "./endpoint.ts";

/** What a call is, beside what is done at each endpoint. */
export interface CallOptions {
  /** Name of the model, for messages. */
  readonly model: string;
  /** Time for all tries, ms. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** What a failure says of whether another try may succeed. */
type Verdict =
  /** The endpoint is of no use at present; another may be. */
  | "gone"
  /** The endpoint is well, and has too much to do. */
  | "busy"
  /** The endpoint answers, and does not have the model; another may, or this one later. */
  | "lacking"
  /** Every endpoint would say the same. */
  | "final";

/** Pauses between rounds over all endpoints double from the first to the longest; each is drawn between 0 and that. */
const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 2_000;
/** No try begins with less time than this. */
const LAST_TRY_MS = 10;

/**
 * Does one thing at one endpoint, and where that fails for a reason that may pass, again at another, until the time is up.
 * What is done must be pure: a try that seems to have failed may have been computed.
 *
 * Where another endpoint is good, one that does not answer within half of the time left is given up for it.
 *
 * @throws {@link ServerUnreachableError} when time is up, with what each endpoint said last; {@link QueueFullError} when
 *   all of them had too much to do; what an endpoint says that no other try would change; the reason of the signal.
 */
export async function callSomewhere<T>(
  balancer: Balancer,
  attempt: (endpoint: Endpoint, limits: CallLimits) => Promise<T>,
  { model, timeoutMs, signal }: CallOptions,
): Promise<T> {
  const began = performance.now();
  const leftMs = (): number => timeoutMs - (performance.now() - began);
  const failures = new Map<Endpoint, unknown>();
  /** How many may still be given up while they compute; the last one has all the time that there is. */
  let others = balancer.endpoints.length - 1;
  for (let round = 0; ; round++) {
    const tried = new Set<Endpoint>();
    for (let endpoint = balancer.choose(tried); endpoint && leftMs() > 0; endpoint = balancer.choose(tried)) {
      tried.add(endpoint);
      const isCut = others > 0 && balancer.hasOtherThan(endpoint);
      const deadline = Date.now() + (isCut ? leftMs() / 2 : leftMs());
      try {
        const answer = await attempt(endpoint, { deadline, signal });
        endpoint.hasAnswered();
        return answer;
      } catch (error) {
        if (signal.aborted) throw signal.reason;
        const verdict = verdictOf(error);
        if (verdict === "final") throw coded(error, endpoint, model);
        if (isCut && (error as ServiceError).code === STATUS.DEADLINE_EXCEEDED) others--;
        if (verdict === "busy") endpoint.hasDeclined();
        else endpoint.hasFailed(saidBy(error));
        failures.set(endpoint, error);
      }
    }
    const lacking = [...failures].filter(([, error]) => verdictOf(error) === "lacking");
    // Everyone was asked, and nobody has it.
    if (lacking.length === balancer.endpoints.length) throw agreed(lacking, model);
    if (leftMs() < LAST_TRY_MS) throw exhausted(balancer, failures, { model, timeoutMs });
    const pauseMs = Math.random() * Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** round);
    await sleep(Math.min(pauseMs, leftMs() / 2), undefined, { signal }).catch(() => {
      throw signal.reason;
    });
  }
}

function verdictOf(error: unknown): Verdict {
  if (error instanceof RemoteModelChangedError) return "lacking";
  if (error instanceof TwinError || !isServiceError(error)) return "final";
  switch (error.code) {
    case STATUS.UNAVAILABLE:
    case STATUS.DEADLINE_EXCEEDED:
    // Not by us: whoever cancels on this side is known by the signal.
    case STATUS.CANCELLED:
      return "gone";
    case STATUS.RESOURCE_EXHAUSTED:
      return remoteCodeOf(error) === "TWIN_QUEUE_FULL" ? "busy" : "final";
    case STATUS.NOT_FOUND:
      return "lacking";
    case STATUS.INTERNAL:
    case STATUS.UNKNOWN:
      return isBrokenStream(error) ? "gone" : "final";
    default:
      return "final";
  }
}

/** A connection that ended in the middle of an answer is INTERNAL to grpc-js in some cases, as is a server's own failure. */
function isBrokenStream({ details }: ServiceError): boolean {
  return /^Received RST_STREAM|Call ended without gRPC status/.test(details);
}

function isServiceError(error: unknown): error is ServiceError {
  return error instanceof Error && "code" in error && typeof error.code === "number" && "details" in error;
}

function coded(error: unknown, { address }: Endpoint, model: string): unknown {
  return isServiceError(error) ? errorOf(error, { endpoint: address, model }) : error;
}

function saidBy(error: unknown): string {
  if (!isServiceError(error)) return (error as Error).message;
  const details = error.details === "" ? "it gave no reason" : error.details;
  return error.code === STATUS.DEADLINE_EXCEEDED ? `it did not answer in time (${details})` : details;
}

/** Nobody has the model: what the first one said, which is the same. */
function agreed(failures: readonly (readonly [Endpoint, unknown])[], model: string): unknown {
  const [first] = failures;
  const [endpoint, error] = first as readonly [Endpoint, unknown];
  const changed = failures.find(([, each]) => each instanceof RemoteModelChangedError);
  return changed?.[1] ?? coded(error, endpoint, model);
}

function exhausted(
  { endpoints }: Balancer,
  failures: ReadonlyMap<Endpoint, unknown>,
  { model, timeoutMs }: Omit<CallOptions, "signal">,
): TwinError {
  const lines = endpoints.map((endpoint) => {
    const { address, isGood, problem } = endpoint.status;
    const error = failures.get(endpoint);
    // A bad one may have been looked at since.
    const said = isGood && error !== undefined ? saidBy(error) : problem;
    return `  - ${address}: ${said ?? "it was not asked"}`;
  });
  const cause = [...failures.values()].at(-1);
  const isBusy = failures.size > 0 && [...failures.values()].every((error) => verdictOf(error) === "busy");
  const said = `in ${timeoutMs} ms (\`timeoutMs\`); what each endpoint said last:\n${lines.join("\n")}`;
  if (isBusy) return new QueueFullError(`No server had room for model "${model}" ${said}`, { cause });
  return new ServerUnreachableError(`No server answered for model "${model}" ${said}`, { cause });
}
