export { checkGenerateRequest, findOutside, isWithinRange, seedOf } from "./check-request.ts";
export { ConditionMap } from "./condition-map.ts";
export { selectEvents } from "./select-events.ts";
