import { readdirSync, readFileSync } from "node:fs";

/** Processor time of a process so far [ms]: its main thread, the busiest of its others, and the rest of them. */
export interface ThreadTimes {
  readonly main: number;
  /** By thread. */
  readonly others: ReadonlyMap<string, number>;
}

/** Linux only: nanoseconds on a processor are the first number of schedstat. */
export function threadTimes(pid: number): ThreadTimes {
  const times = new Map<string, number>();
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    try {
      times.set(thread, Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8").split(" ")[0]) / 1e6);
    } catch {
      // It has ended meanwhile.
    }
  }
  const main = times.get(`${pid}`) ?? Number.NaN;
  times.delete(`${pid}`);
  return { main, others: times };
}

/** Time of each kind of thread between two looks [ms]. In a server of models the busiest other is the one that computes. */
export function spentBetween(
  before: ThreadTimes,
  after: ThreadTimes,
): { readonly main: number; readonly busiest: number; readonly rest: number } {
  const others = [...after.others].map(([thread, ms]) => ms - (before.others.get(thread) ?? 0)).sort((a, b) => b - a);
  const [busiest = 0, ...rest] = others;
  return { main: after.main - before.main, busiest, rest: rest.reduce((sum, ms) => sum + ms, 0) };
}
