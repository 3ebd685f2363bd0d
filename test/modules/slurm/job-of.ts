import type { ArrayJob } from "../../../core/index.ts";

export const TOKEN = "0123456789abcdef0123456789abcdef";

/** An array with what a test does not care about. */
export function jobOf(change: Partial<ArrayJob> = {}): ArrayJob {
  return {
    token: TOKEN,
    name: "sweep",
    command: ["twinloom", "batch", "work", "/data/batch"],
    workingFolder: "/data",
    logFolder: "/data/logs",
    elements: 10,
    resources: {},
    ...change,
  };
}
