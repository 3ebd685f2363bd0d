/**
 * What an event may have at most. A message of a few bytes must not become an object of gigabytes; dense tensors need no
 * limit of their own, as their bytes have come.
 */
export interface EventLimits {
  /** Bytes of a source, a run and of each name, as UTF-8. */
  readonly nameBytes: number;
  /** Conditions. */
  readonly conditions: number;
  /** Tensors. */
  readonly tensors: number;
  /** Axes of a tensor. */
  readonly axes: number;
  /** Elements of all sparse tensors together, zeros included: they may be made dense. */
  readonly sparseElements: number;
}

/** The limits of every event. */
export const EVENT_LIMITS: EventLimits = {
  nameBytes: 1024,
  conditions: 4096,
  tensors: 1024,
  axes: 64,
  sparseElements: 2 ** 22,
};
