import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { z } from "zod";
import { checkSchema, FileNotFoundError, FileUnreadableError } from "../../../core/index.ts";

/** Conditions at a time: a line of a file of true conditions, JSON. */
export interface ConditionsAt {
  /** Nanoseconds since 1970, as a decimal number. */
  readonly timeNs: string;
  /** By name, in the unit of the condition. */
  readonly conditions: Readonly<Record<string, number>>;
  /** Standard errors, of those that have one. */
  readonly errors?: Readonly<Record<string, number>>;
}

const ConditionsAtSchema: z.ZodType<ConditionsAt> = z.strictObject({
  timeNs: z.string().regex(/^-?\d{1,19}$/, { error: "It must be nanoseconds since 1970 as a text of digits." }),
  conditions: z.record(z.string(), z.number()),
  errors: z.record(z.string(), z.number().min(0)).exactOptional(),
});

/** More are not seen in a figure. */
const MOST_POINTS = 4000;

/**
 * Reads conditions over time: JSON lines, in the order of time. Of a long file every second line is kept, or every fourth, and so on:
 * memory is bounded, and the last is always there.
 *
 * @throws `TWIN_FILE_NOT_FOUND`, `TWIN_FILE_UNREADABLE` telling the line that is wrong.
 */
export async function readConditionsOverTime(
  file: string,
  { signal }: { readonly signal?: AbortSignal | undefined } = {},
): Promise<readonly ConditionsAt[]> {
  const thinned = new Thinned<ConditionsAt>(MOST_POINTS);
  let number = 0;
  let lastNs: bigint | undefined;
  try {
    for await (const line of createInterface({ input: createReadStream(file, { signal }), crlfDelay: Infinity })) {
      number++;
      if (line.trim() === "") continue;
      const row = parseLine(line, (problem) => new FileUnreadableError(file, `line ${number}: ${problem}`));
      const timeNs = BigInt(row.timeNs);
      if (lastNs !== undefined && timeNs < lastNs) {
        throw new FileUnreadableError(file, `line ${number}: it is earlier than the line before.`);
      }
      lastNs = timeNs;
      thinned.add(row);
    }
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") throw new FileNotFoundError(file, { cause: error });
    if (signal?.aborted || error instanceof FileUnreadableError) throw error;
    throw new FileUnreadableError(file, `${message}.`, { cause: error });
  }
  return thinned.all;
}

function parseLine(line: string, failure: (problem: string) => Error): ConditionsAt {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (error) {
    throw failure(`${(error as Error).message}.`);
  }
  const checked = checkSchema(ConditionsAtSchema, value);
  if (!checked.problems) return checked.value;
  const [first] = checked.problems;
  throw failure(`${first?.path.join(".") || "as a whole"}: ${first?.message}`);
}

/** Keeps so many of what comes, evenly, and the last. */
class Thinned<T> {
  readonly #most: number;
  #kept: T[] = [];
  #every = 1;
  #count = 0;
  #last: T | undefined;

  constructor(most: number) {
    this.#most = most;
  }

  add(value: T): void {
    this.#last = value;
    if (this.#count++ % this.#every !== 0) return;
    this.#kept.push(value);
    if (this.#kept.length <= this.#most) return;
    this.#kept = this.#kept.filter((_, index) => index % 2 === 0);
    this.#every *= 2;
  }

  get all(): readonly T[] {
    const last = this.#last;
    return last === undefined || this.#kept.at(-1) === last ? this.#kept : [...this.#kept, last];
  }
}
