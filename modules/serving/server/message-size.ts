import { WireError } from "../errors.ts";

/** Longest id of a request, bytes: it comes back with every answer. */
const LONGEST_ID = 1024;

/** @throws {@link WireError} for an id that is longer than any that somebody needs. */
export function checkId(id: string | undefined): void {
  if (id === undefined || id.length <= LONGEST_ID / 3 || Buffer.byteLength(id) <= LONGEST_ID) return;
  throw new WireError(`The id of the request has ${Buffer.byteLength(id)} bytes; at most ${LONGEST_ID} are taken.`);
}
