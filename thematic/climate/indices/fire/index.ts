export { fireIndices } from "./definitions.ts";
