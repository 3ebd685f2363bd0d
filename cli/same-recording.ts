import { open, readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { FileNotFoundError, FileUnreadableError, writeFileAtomically } from "../core/index.ts";
import { UsageError } from "./errors.ts";

const FILE = "recordings.json";
/** Where a recording says which it is (docs/reference/recording-format.md). */
const [IDENTITY_AT, IDENTITY_BYTES] = [12, 16];

/**
 * That a folder of features knows no other recording of this name. Events are told apart by source and sequence: those of another
 * would be taken for repeated ones, and what was decided of the first would be told again.
 *
 * @throws `TWIN_USAGE` where it does; `TWIN_FILE_NOT_FOUND`, `TWIN_FILE_UNREADABLE`.
 */
export async function checkSameRecording(recording: string, folder: string): Promise<void> {
  const [name, identity] = [basename(recording), await identityOf(recording)];
  const file = join(folder, FILE);
  const known = await readFile(file, "utf8").then(
    (text) => JSON.parse(text) as Readonly<Record<string, string>>,
    (error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return {} as Readonly<Record<string, string>>;
      throw new FileUnreadableError(file, `${error.message}.`, { cause: error });
    },
  );
  if (known[name] === identity) return;
  if (known[name] !== undefined) {
    throw new UsageError(
      `The events in "${folder}" are of another recording that was called ${name}. Give another --folder, or delete that one.`,
    );
  }
  await writeFileAtomically(file, JSON.stringify({ ...known, [name]: identity }), { existing: "replace" });
}

async function identityOf(path: string): Promise<string> {
  const file = await open(path).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === "ENOENT") throw new FileNotFoundError(path, { cause });
    throw new FileUnreadableError(path, `${cause.message}.`, { cause });
  });
  try {
    const { buffer } = await file.read(Buffer.alloc(IDENTITY_BYTES), 0, IDENTITY_BYTES, IDENTITY_AT);
    return buffer.toString("hex");
  } catch (cause) {
    throw new FileUnreadableError(path, `${(cause as Error).message}.`, { cause });
  } finally {
    await file.close();
  }
}
