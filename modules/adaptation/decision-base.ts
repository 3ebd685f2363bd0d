/** What all decisions tell; plain JSON. */
export interface DecisionBase {
  /** Events that the loop had taken when it decided, this one included. */
  readonly events: number;
  /** Time of the last of them, nanoseconds since 1970, as a decimal number. */
  readonly timeNs: string;
  /** Conditions before and after, in the order of the twin; equal where nothing was adapted. */
  readonly before: readonly number[];
  readonly after: readonly number[];
}
