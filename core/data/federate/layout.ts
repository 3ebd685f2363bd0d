import type { NdArray } from "../nd-array.ts";
import type { Origin } from "./federated-variable.ts";
import type { Member } from "./members.ts";
import type { PartVariable, ValueForm } from "./reconcile.ts";
import type { FederationReport } from "./report.ts";
import type { JoinedAxis } from "./sort-axis.ts";

/** A variable of a federation: its values in the parts, and where. */
export interface VariablePlan {
  readonly path: string;
  /** The parts' variables; the first decides names and dimensions. */
  readonly variables: readonly (PartVariable & { readonly number: number })[];
  readonly form: ValueForm;
  /** Where values lie. */
  readonly origin: Omit<Origin, "reader">;
  /** Values that are known already. */
  readonly held?: NdArray | undefined;
}

/** How parts make one dataset. */
export interface Layout {
  readonly plans: ReadonlyMap<string, VariablePlan>;
  /** The axis along which parts were joined. */
  readonly axis: (JoinedAxis & { readonly dimension: string }) | undefined;
  readonly extents: ReadonlyMap<Member, { readonly from: number; readonly to: number; readonly count: number }>;
  readonly report: Omit<FederationReport, "converted" | "renamed">;
}
