export { checkGenerateRequest, findOutside, isWithinRange, seedOf } from "./check-request.ts";
