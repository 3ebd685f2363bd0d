import {
  type GenerateRequest,
  type Generator,
  type GeneratorFacts,
  type Log,
  ModelFailedError,
  type NdArray,
} from "../../../core/index.ts";
import { QueueFullError, ServerUnreachableError } from "../errors.ts";
import { joinRows } from "../models/rows.ts";

/** Facts that tell of one computation, and say nothing of another that stands in for it. */
const OWN_FACTS = [
  "model",
  "model_digest",
  "graph_digest",
  "identity",
  "served_by",
  "precision",
  "provider",
  "provider_fallback_reason",
  "fallback",
];

/** What of a generator's facts holds for another one of the same events, too: geometry, reference. */
export function withoutOwnFacts(facts: GeneratorFacts): GeneratorFacts {
  return Object.fromEntries(Object.entries(facts).filter(([name]) => !OWN_FACTS.includes(name)));
}

/**
 * Tells a log when a fallback takes over, and when it is not needed any more.
 *
 * @param error - Why it does; `undefined` when a server has answered again.
 */
export function tellTakeover(
  log: Log,
  error: unknown,
  facts: { readonly model: string; readonly fallback: string | undefined },
): void {
  const isGone = error instanceof ServerUnreachableError || error instanceof QueueFullError;
  if (error === undefined) log.info(facts, "a server answers again, and computes");
  else if (isGone) log.warn(facts, "no server answers; the fallback computes until one does");
  else {
    // Nobody may be on the way to mend it.
    const problem = (error as Error).message;
    log.error({ ...facts, problem }, "no server computes as it should; the fallback does until one does");
  }
}

/** All events of a request in one batch. @throws `TWIN_MODEL_FAILED` for a generator that does not make what it should. */
export async function generateBy(
  generator: Generator,
  request: GenerateRequest,
  signal: AbortSignal | undefined,
): Promise<Readonly<Record<string, NdArray>>> {
  const made: Readonly<Record<string, NdArray>>[] = [];
  let count = 0;
  for await (const batch of generator.generate(request, { signal })) {
    made.push(batch.arrays);
    count += batch.count;
  }
  const arrays = Object.entries(generator.outputs).map(([name, { shape }]) => {
    const parts = made.map((each) => each[name]).filter((part) => part !== undefined);
    const joined = parts.length > 0 ? joinRows(parts) : undefined;
    if (count !== request.eventIds.length || String(joined?.shape) !== String([count, ...shape])) {
      const what = `${count} of ${request.eventIds.length} events, "${name}" as [${joined?.shape ?? ""}]`;
      throw new ModelFailedError(generator.model, `the fallback is faulty: it made ${what}, not as [event, ${shape}].`);
    }
    return [name, joined as NdArray] as const;
  });
  return Object.fromEntries(arrays);
}
