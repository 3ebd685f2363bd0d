import { type ArrayJob, checkArrayJob, checkArrayToken } from "twinloom";
import { describe, expect, it } from "vitest";

const SOUND: ArrayJob = {
  token: "0123456789abcdef0123456789abcdef",
  name: "shower-scan.v1_2",
  command: ["/bin/sh", "-c", "exit 0"],
  workingFolder: "/tmp",
  logFolder: "/tmp/logs",
  elements: 3,
  resources: { timeLimitS: 60, warnS: 30, cpus: 2, memoryMiB: 100, gpus: 0 },
};

const WRONG: readonly (readonly [string, Partial<ArrayJob>, string])[] = [
  ["a token that is none", { token: "../../0123456789abcdef0123456789" }, "32 hexadecimal digits"],
  ["a name with a space", { name: "a b" }, "letters, digits"],
  ["an empty name", { name: "" }, "letters, digits"],
  ["no program", { command: [""] }, "Name a program"],
  ["an argument that no program can be given", { command: ["echo", "a\0b"] }, "the character 0"],
  ["a variable that no shell can name", { environment: { "A B": "1" } }, '"A B"'],
  ["a relative working folder", { workingFolder: "here" }, "working folder"],
  ["a relative log folder", { logFolder: "./logs" }, "log folder"],
  ["no elements", { elements: 0 }, "number of elements is a whole number"],
  ["half an element", { elements: 0.5 }, "number of elements is a whole number"],
  ["none at once", { atOnce: 0 }, "at once"],
  ["no processors", { resources: { cpus: 0 } }, "processors"],
  ["fewer than no GPUs", { resources: { gpus: -1 } }, "GPUs"],
  ["no memory", { resources: { memoryMiB: 0 } }, "memory"],
  ["a time limit without end", { resources: { timeLimitS: Number.POSITIVE_INFINITY } }, "time limit"],
  ["a warning of no time limit", { resources: { warnS: 5 } }, "Give `timeLimitS`"],
  ["a warning before the start", { resources: { timeLimitS: 5, warnS: 5 } }, "before it starts"],
  ["a predecessor without an id", { after: [""] }, "`after`"],
];

describe("the check of arrays", () => {
  it("takes what an executor can run", () => {
    checkArrayJob(SOUND);
    checkArrayJob({ ...SOUND, resources: {}, environment: { OMP_NUM_THREADS: "1" }, atOnce: 2, after: ["17"] });
    checkArrayToken(SOUND.token);
  });

  it.each(WRONG)("refuses %s, and says what is allowed", (_, change, words) => {
    expect(() => checkArrayJob({ ...SOUND, ...change })).toThrow(words);
    expect(() => checkArrayJob({ ...SOUND, ...change })).toThrow(
      expect.objectContaining({ code: "TWIN_INVALID_ARGUMENT" }),
    );
  });
});
