import { isAbsolute } from "node:path";
import { InvalidArgumentError } from "../errors/invalid-argument.ts";
import type { ArrayJob, ElementResources } from "./executor.ts";

/**
 * Checks what an executor is given, before anything is submitted.
 *
 * @throws {@link InvalidArgumentError}
 */
export function checkArrayJob(array: ArrayJob): void {
  checkArrayToken(array.token);
  const { name, command, environment = {}, workingFolder, logFolder, elements, atOnce, resources, after = [] } = array;
  must(
    /^[A-Za-z0-9._-]{1,64}$/.test(name),
    `The name of an array is 1 to 64 letters, digits, ".", "_" and "-", not ${quoted(name)}.`,
  );
  must(
    command.length > 0 && command[0] !== "",
    "The command of an array is a program and its arguments. Name a program.",
  );
  for (const part of command)
    must(!part.includes("\0"), `The command of an array cannot hold the character 0: ${quoted(part)}.`);
  for (const [variable, value] of Object.entries(environment)) {
    must(
      /^[A-Za-z_][A-Za-z0-9_]*$/.test(variable),
      `${quoted(variable)} is no name of an environment variable: letters, digits and "_", not a digit first.`,
    );
    must(!value.includes("\0"), `The environment variable ${variable} cannot hold the character 0.`);
  }
  for (const [folder, what] of [
    [workingFolder, "working folder"],
    [logFolder, "log folder"],
  ] as const) {
    must(isAbsolute(folder), `The ${what} of an array must be an absolute path, not ${quoted(folder)}.`);
  }
  checkCount(elements, "An array's number of elements");
  if (atOnce !== undefined) checkCount(atOnce, "The number of elements at once");
  checkResources(resources);
  for (const id of after) must(id !== "", "An array is named by its id in `after`, which is not empty.");
}

/** @throws {@link InvalidArgumentError} */
export function checkArrayToken(token: string): void {
  must(
    /^[0-9a-f]{32}$/.test(token),
    `The token of an array is 32 hexadecimal digits in lower case, not ${quoted(token)}.`,
  );
}

function checkResources({ timeLimitS, warnS, cpus, memoryMiB, gpus }: ElementResources): void {
  if (cpus !== undefined) checkCount(cpus, "The number of processors of an element");
  if (gpus !== undefined)
    must(
      Number.isInteger(gpus) && gpus >= 0,
      `The number of GPUs of an element is a whole number, 0 or more, not ${gpus}.`,
    );
  if (memoryMiB !== undefined)
    must(memoryMiB > 0 && Number.isFinite(memoryMiB), `The memory of an element is above 0 MiB, not ${memoryMiB}.`);
  if (timeLimitS !== undefined)
    must(
      timeLimitS > 0 && Number.isFinite(timeLimitS),
      `The time limit of an element is above 0 s, not ${timeLimitS}.`,
    );
  if (warnS === undefined) return;
  must(
    timeLimitS !== undefined,
    "An element can be warned of its time limit where it has one. Give `timeLimitS`, too.",
  );
  must(
    warnS >= 0 && warnS < (timeLimitS ?? 0),
    `An element is warned 0 s or more before its time limit of ${timeLimitS} s, and not before it starts: not ${warnS} s.`,
  );
}

function checkCount(count: number, what: string): void {
  must(Number.isSafeInteger(count) && count > 0, `${what} is a whole number, 1 or more, not ${count}.`);
}

function quoted(text: string): string {
  return JSON.stringify(text.length > 100 ? `${text.slice(0, 100)}…` : text);
}

function must(isSo: boolean, otherwise: string): void {
  if (!isSo) throw new InvalidArgumentError(otherwise);
}
