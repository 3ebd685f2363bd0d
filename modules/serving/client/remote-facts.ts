import type { Generator, GeneratorFacts } from "../../../core/index.ts";
import type { RemoteDescription } from "./description.ts";
import type { GeneratorContract } from "./generator-contract.ts";
import { withoutOwnFacts } from "./stand-in.ts";

/** What servers have told. */
interface Told {
  readonly contract: GeneratorContract;
  readonly description: RemoteDescription;
  readonly identity: string | undefined;
}

/**
 * The facts of a remote generator.
 *
 * @param told - By the servers; `undefined` until one has answered.
 */
export function remoteFacts(
  told: Told | undefined,
  fallback: Generator | undefined,
  { follow, precision }: { readonly follow: boolean; readonly precision: string },
): GeneratorFacts {
  const theirs: GeneratorFacts = told?.contract.facts ?? {};
  const spares = [theirs.fallback?.model, fallback?.model].filter((model) => model !== undefined);
  const identity = follow ? undefined : told?.identity;
  return {
    // What is followed may become another at any time, and what stands in for it is another already.
    ...(told && !follow ? theirs : withoutOwnFacts(told ? theirs : (fallback?.facts ?? {}))),
    ...(told && { served_by: told.description.servedBy }),
    ...(identity !== undefined && { identity }),
    ...(precision === "float16" && { precision }),
    ...(spares.length > 0 && (fallback || follow) && { fallback: { model: [...new Set(spares)].join(" or ") } }),
  };
}
