import { nameText } from "../name-text.ts";
import type { RootObject } from "./jsroot.ts";

// Members of a streamed object, with the type that they should have; a damaged or unusual file may lack any of them.

export function numberOf(object: RootObject, member: string, otherwise = 0): number {
  const value = object[member];
  // jsroot gives 64-bit integers beyond 2^53 as BigInt.
  if (typeof value === "bigint") return Number(value);
  return typeof value === "number" ? value : otherwise;
}

export function textOf(object: RootObject, member: string): string {
  const value = object[member];
  if (typeof value !== "string") return "";
  // jsroot makes a character of each byte.
  return NOT_ASCII.test(value) ? nameText(Buffer.from(value, "latin1")) : value;
}

const NOT_ASCII = /[^\0-\x7f]/;

export function objectOf(object: RootObject, member: string): RootObject | undefined {
  const value = object[member];
  return typeof value === "object" && value !== null ? (value as RootObject) : undefined;
}

/** The objects of a TObjArray or TList, with holes. */
export function listOf(object: RootObject, member: string): readonly (RootObject | undefined)[] {
  const list = objectOf(object, member)?.["arr"];
  if (!Array.isArray(list)) return [];
  return Array.from(list, (item: unknown) =>
    typeof item === "object" && item !== null ? (item as RootObject) : undefined,
  );
}

/** An array of numbers. */
export function numbersOf(object: RootObject, member: string): readonly number[] {
  const value = object[member];
  if (!Array.isArray(value) && !ArrayBuffer.isView(value)) return [];
  return Array.from(value as ArrayLike<number | bigint>, Number);
}
