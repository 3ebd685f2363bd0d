/** Options of commands that run a task, once or many times. */
export const TASK_OPTIONS = {
  input: { kind: "text", short: "i", placeholder: "name=file", description: "an input file of a task", many: true },
  seed: {
    kind: "bigint",
    placeholder: "seed",
    description: "seed of every task that takes one",
    min: 0n,
    max: 2n ** 64n - 1n,
  },
} as const;
