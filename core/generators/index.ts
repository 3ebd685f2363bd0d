export { checkGenerateRequest, findOutside } from "./check-request.ts";
