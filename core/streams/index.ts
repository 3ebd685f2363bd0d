export { EventInvalidError, StreamClosedError, StreamRefusedError, StreamUnreachableError } from "./errors.ts";
export type { EventDType, StreamEvent } from "./event.ts";
