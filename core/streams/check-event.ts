import { shapeProblem } from "./check-tensor.ts";
import { EventInvalidError } from "./errors.ts";
import type { StreamEvent } from "./event.ts";
import { EVENT_LIMITS } from "./event-limits.ts";
import { quoted } from "./quoted.ts";
import { TENSOR_TYPES, tensorTypeOf } from "./tensor-types.ts";

/** Sequences and ids are below it. */
const UINT64_END = 1n << 64n;
/** Times are below it, and not below its negative. */
const INT64_END = 1n << 63n;

/**
 * Checks an event that was not read from bytes.
 *
 * @throws `TWIN_EVENT_INVALID`.
 */
export function checkEvent(event: StreamEvent): void {
  const { source, sequence, id, run, timeNs } = event;
  if (source === "") fail("source", "is missing; an event has the name of who made it");
  checkText(source, "source");
  checkText(run, "run");
  checkRange(sequence, "sequence", { from: 0n, end: UINT64_END });
  checkRange(id, "id", { from: 0n, end: UINT64_END });
  checkRange(timeNs, "timeNs", { from: -INT64_END, end: INT64_END });
  checkConditions(event.conditions);
  checkTensors(event.tensors);
}

function checkConditions(conditions: StreamEvent["conditions"]): void {
  const names = Object.keys(conditions);
  checkCount(names.length, "conditions", EVENT_LIMITS.conditions);
  for (const name of names) {
    const path = `conditions[${quoted(name)}]`;
    const value: unknown = conditions[name];
    checkName(name, path);
    if (typeof value !== "number" || value === Number.POSITIVE_INFINITY || value === Number.NEGATIVE_INFINITY) {
      fail(path, `is ${String(value)}; a number, or NaN where it is not known, is needed`);
    }
  }
}

function checkTensors(tensors: StreamEvent["tensors"]): void {
  const named = Object.entries(tensors);
  checkCount(named.length, "tensors", EVENT_LIMITS.tensors);
  named.forEach(([name, { dtype, shape }], index) => {
    checkName(name, `tensors[${index}].name`);
    if (!tensorTypeOf(dtype)) {
      const allowed = TENSOR_TYPES.map((type) => type.dtype).join(", ");
      fail(`tensors[${index}].dtype`, `is ${dtype}; there are ${allowed}`);
    }
    const problem = shapeProblem(shape);
    if (problem !== undefined) fail(`tensors[${index}].shape`, problem);
  });
}

function checkName(name: string, path: string): void {
  if (name === "") fail(path, "has no name");
  checkText(name, path);
}

/** A text that UTF-8 can hold, and that is not too long. */
function checkText(text: unknown, path: string): void {
  if (typeof text !== "string") fail(path, `is a ${typeof text}; a text is needed`);
  if (!text.isWellFormed()) fail(path, "has a lone surrogate, which UTF-8 cannot hold");
  const bytes = Buffer.byteLength(text);
  if (bytes > EVENT_LIMITS.nameBytes) fail(path, `has ${bytes} bytes; ${EVENT_LIMITS.nameBytes} are the most`);
}

function checkRange(value: unknown, path: string, range: { readonly from: bigint; readonly end: bigint }): void {
  if (typeof value !== "bigint") fail(path, `is a ${typeof value}; a bigint is needed`);
  if (value < range.from || value >= range.end) fail(path, `is ${value}; ${range.from} to ${range.end - 1n} can be`);
}

function checkCount(count: number, path: string, most: number): void {
  if (count > most) fail(path, `are ${count}; ${most} are the most`);
}

function fail(path: string, problem: string): never {
  throw new EventInvalidError(problem, { path });
}
