export { checkGenerateRequest, findOutside, isWithinRange } from "./check-request.ts";
