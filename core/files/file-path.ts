/** A pattern of a word in capitals or not. JSON Schema has no flag for that. */
export function anyCase(word: string): string {
  return word.replace(/[a-z]/g, (letter) => `[${letter}${letter.toUpperCase()}]`);
}

// What HFS+ leaves out when it compares names, so that a ".git" with one of them is ".git" there. @see Apple TN1150
const IGNORED = "\\u200c-\\u200f\\u202a-\\u202e\\u206a-\\u206f\\ufeff";
const LETTER = `[^/\\\\:*?"<>|\\u0000-\\u001f\\u007f-\\u009f${IGNORED}]`;
// Windows takes these for the device, whatever follows a dot.
const DEVICES = ["con", "prn", "aux", "nul", "conin\\$", "conout\\$"].map(anyCase).join("|");
const PORTS = `(?:${anyCase("com")}|${anyCase("lpt")})[0-9\\u00b9\\u00b2\\u00b3]`;
// Git reads settings from there, which may name programs to run. "git~1" is the short name that Windows gives.
const GIT = `(?:\\.${anyCase("git")}|${anyCase("git")}~[0-9]+)(?:/|$)`;
// No end in a dot or a space, which Windows drops: that also keeps out "." and "..".
const NAME = `(?!${GIT})(?!(?:${DEVICES}|${PORTS})[ ]*(?:[.][^/]*)?(?:/|$))(?:${LETTER}*(?![. ])${LETTER})`;

/**
 * A path that names a file below a folder on every system: no root, no drive, no "..", no backslash, nothing that Windows
 * cannot write, and nothing in a `.git`.
 */
export const FILE_PATH: RegExp = new RegExp(`^${NAME}(?:/${NAME})*$`, "u");

/** Whether a relative path, with forward slashes, names a file below a folder on every system. */
export function isFilePath(path: string): boolean {
  return FILE_PATH.test(path);
}
