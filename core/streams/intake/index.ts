export { type DeadLetter, readDeadLetters } from "./dead-letters.ts";
export type { FeatureRows, FeatureWindow } from "./feature-rows.ts";
export { type FeatureWindowsOptions, featureWindows } from "./feature-windows.ts";
export { type FollowFeatureWindowsOptions, followFeatureWindows } from "./follow-feature-windows.ts";
export { type LateEvent, LiveWindows, type LiveWindowsOptions } from "./live-windows.ts";
export { type PrunedFeatures, type PruneFeaturesOptions, pruneFeatures } from "./prune-features.ts";
export { replayDeadLetters } from "./replay-dead-letters.ts";
export { type TakeEventsOptions, type TakenEvents, takeEvents } from "./take-events.ts";
