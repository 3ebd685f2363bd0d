import { InvalidArgumentError } from "../../errors/invalid-argument.ts";

/** Folder names of Windows devices: it takes them for the device whatever follows a dot. */
const DEVICE = /^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)/;

/** Longest folder name that every file system in use can hold, with room for the names of temporary files [bytes]. */
const LONGEST = 200;

/**
 * The folder of a twin's log. Letters, digits, `-`, `_` and inner dots stay; every other byte of the UTF-8 text, capitals
 * among them, becomes `%` and two hexadecimal digits, so that two twins never share a folder where case is ignored.
 *
 * @throws `TWIN_INVALID_ARGUMENT` for a name that cannot be written in front of `@v7`, or that is too long.
 */
export function folderOfTwin(twin: string): string {
  const problem = nameProblem(twin);
  if (problem) throw new InvalidArgumentError(`${JSON.stringify(twin)} cannot name a twin in a store: ${problem}`);
  let folder = "";
  for (const byte of Buffer.from(twin)) {
    const letter = String.fromCharCode(byte);
    folder += /[a-z0-9._-]/.test(letter) ? letter : escaped(byte);
  }
  folder = folder.replace(/^\./, escaped(0x2e)).replace(/\.$/, escaped(0x2e));
  if (DEVICE.test(folder)) folder = escaped(folder.charCodeAt(0)) + folder.slice(1);
  if (folder.length > LONGEST) {
    throw new InvalidArgumentError(
      `${JSON.stringify(`${twin.slice(0, 40)}…`)} cannot name a twin in a store: it is too long by ${folder.length - LONGEST} of ${LONGEST} bytes (capitals and signs count three).`,
    );
  }
  return folder;
}

/** The twin of a folder; `undefined` for a folder that {@link folderOfTwin} does not make. */
export function twinOfFolder(folder: string): string | undefined {
  const bytes: number[] = [];
  for (const [, byte, letter] of folder.matchAll(/%([0-9a-f]{2})|(.)/gs)) {
    bytes.push(byte === undefined ? (letter as string).charCodeAt(0) : Number.parseInt(byte, 16));
  }
  const twin = Buffer.from(bytes).toString();
  try {
    return folderOfTwin(twin) === folder ? twin : undefined;
  } catch {
    return undefined;
  }
}

/** Name of an event's file in the folder of its twin. */
export function eventFile(sequence: number): string {
  return `${String(sequence).padStart(8, "0")}.json`;
}

/** The number of the event in a file; 0 for a file that holds none. */
export function sequenceOf(name: string): number {
  const digits = /^(\d{8,})\.json$/.exec(name)?.[1];
  return digits === undefined ? 0 : Number(digits);
}

function nameProblem(twin: string): string | undefined {
  if (twin.trim() === "") return "it is empty.";
  if (twin !== twin.trim()) return "it begins or ends with a space.";
  if (!twin.isWellFormed()) return "it holds half of a character.";
  if (/\p{Cc}/u.test(twin)) return "it holds a control character.";
  if (twin.includes("@")) return 'what follows an "@" names a version.';
  if (/^sha256:/i.test(twin)) return 'what begins with "sha256:" names a version.';
  return undefined;
}

function escaped(byte: number): string {
  return `%${byte.toString(16).padStart(2, "0")}`;
}
