export * from "./canonical/index.ts";
export * from "./contracts/index.ts";
export * from "./data/index.ts";
export * from "./errors/index.ts";
export * from "./files/index.ts";
export * from "./kernel/index.ts";
export * from "./math/index.ts";
export * from "./run/index.ts";
