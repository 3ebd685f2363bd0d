import { canonicalJson } from "../canonical/canonical-json.ts";

/**
 * The value of canonical JSON (RFC 8785) in UTF-8. Bytes that would be written otherwise are refused, so that a value has
 * one text and one digest.
 *
 * @returns The value and its text, or what is wrong: `"is no JSON."`
 */
export function readCanonical(
  bytes: Uint8Array,
):
  | { readonly value: unknown; readonly text: string; readonly problem?: never }
  | { readonly value?: never; readonly text?: never; readonly problem: string } {
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    const value: unknown = JSON.parse(text);
    return isCanonical(value, text)
      ? { value, text }
      : { problem: "is no canonical JSON (RFC 8785): its digest could be another." };
  } catch {
    return { problem: "is no JSON." };
  }
}

/** Whether a text is the canonical one of a value. */
export function isCanonical(value: unknown, text: string): boolean {
  try {
    return canonicalJson(value) === text;
  } catch {
    return false;
  }
}
