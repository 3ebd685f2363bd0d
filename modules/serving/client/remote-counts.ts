import type { EndpointStatus } from "./endpoint-status.ts";

/** What a remote part has done so far. */
export interface RemoteCounts {
  /** Events, or calls of a model, that servers computed. */
  readonly served: number;
  /** Those that the local fallback computed. */
  readonly byFallback: number;
  readonly endpoints: readonly EndpointStatus[];
}
