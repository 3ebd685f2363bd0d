import { readFileSync } from "node:fs";

/** What numpy and scipy say (scripts/make-math-oracles.py). */
export function oracle<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(`../../fixtures/math/${name}.json`, import.meta.url), "utf8")) as T;
}
