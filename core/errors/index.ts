export { describeNames, nearestNames } from "./nearest-names.ts";
export { TwinError } from "./twin-error.ts";
