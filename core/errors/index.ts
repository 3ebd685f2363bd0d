export { TwinError } from "./twin-error.ts";
