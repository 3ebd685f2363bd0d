/** How an endpoint looks from here. */
export interface EndpointStatus {
  readonly address: string;
  /** Whether requests go there. Where they do not, it is looked at again and again. */
  readonly isGood: boolean;
  /** Why it is not good, or was not the last time. */
  readonly problem?: string;
  /** Requests that it has answered. */
  readonly answered: number;
  /** Requests that it has not, whoever answered them then. */
  readonly failed: number;
  /** Version of the model that made its last answer, where it tells that: of `twinloom serve ecal@champion`, the number. */
  readonly version?: string;
}
