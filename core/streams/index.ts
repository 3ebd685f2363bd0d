export { decodeEvent } from "./decode-event.ts";
export { decodeMessage } from "./decode-message.ts";
export {
  type Admission,
  Deduplication,
  type DeduplicationOptions,
  type DeduplicationState,
  type SourceProgress,
} from "./deduplication.ts";
export type { MessageFeed } from "./delivery-queue.ts";
export { encodeEvent } from "./encode-event.ts";
export {
  EventInvalidError,
  type EventPlace,
  StreamClosedError,
  StreamRefusedError,
  StreamUnreachableError,
} from "./errors.ts";
export type { EventDType, EventTensor, StreamEvent } from "./event.ts";
export { type EventJson, type EventJsonOptions, eventFromJson, eventToJson, type TensorJson } from "./event-json.ts";
export { EVENT_LIMITS, type EventLimits } from "./event-limits.ts";
export * from "./intake/index.ts";
export type { SequenceGap } from "./source-sequences.ts";
export { Subscriptions, type SubscriptionsOptions } from "./subscriptions.ts";
export { Watermark, type WatermarkOptions, type WatermarkState } from "./watermark.ts";
export { type MergeOutcome, TumblingWindows, type WindowOptions, type WindowsState } from "./window.ts";
export { WindowSummary, type WindowSummaryState } from "./window-summary.ts";
