import { readdir, readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { checkSchema, describeNames, FileNotFoundError, FileUnreadableError, parseYaml } from "../../core/index.ts";
import { InvalidProfileError } from "./errors.ts";
import { type SlurmSettings, settingsShape } from "./settings.ts";

/** What a site asks for, from a file: the same for everybody there. */
export interface SlurmProfile extends SlurmSettings {
  /** What it is for, and how far it was tried. */
  readonly description?: string | undefined;
}

/** The schema of {@link SlurmProfile}. */
export const ProfileSchema: z.ZodType<SlurmProfile, SlurmProfile> = z.strictObject({
  description: z.string().optional().describe("What it is for, and how far it was tried."),
  ...settingsShape,
});

const SHIPPED = fileURLToPath(new URL("./profiles/", import.meta.url));

/** Names of the profiles that come with Twinloom; each is an example to copy, and says that it was not tried. */
export async function shippedProfiles(): Promise<readonly string[]> {
  const files = await readdir(SHIPPED);
  return files
    .filter((file) => file.endsWith(".yaml"))
    .map((file) => file.slice(0, -".yaml".length))
    .sort();
}

/**
 * Reads a site profile: YAML, of which JSON is a part.
 *
 * @param nameOrPath - Path of a file, with a `/` or an ending `.yaml`, `.yml` or `.json`; otherwise the name of a profile that
 *   comes with Twinloom: `"juwels-like"`.
 * @throws `TWIN_INVALID_PROFILE`, saying line and column, or the names that there are; `TWIN_FILE_NOT_FOUND`,
 *   `TWIN_FILE_UNREADABLE`.
 */
export async function loadProfile(nameOrPath: string): Promise<SlurmProfile> {
  const path = /\/|\.(?:ya?ml|json)$/.test(nameOrPath) ? nameOrPath : await shippedPath(nameOrPath);
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") throw new FileNotFoundError(path, { cause: error });
    throw new FileUnreadableError(path, `${error.message}.`, { cause: error });
  });
  const yaml = await parseYaml(text);
  if (yaml.problem !== undefined) throw new InvalidProfileError(path, [{ path: [], message: yaml.problem }]);
  const checked = checkSchema(ProfileSchema, yaml.value);
  if (checked.problems === undefined) return checked.value;
  throw new InvalidProfileError(path, checked.problems, (problem) => {
    const { line, column } = yaml.placeOf(problem.path);
    return `${path}:${line}:${column} `;
  });
}

async function shippedPath(name: string): Promise<string> {
  const names = await shippedProfiles();
  if (names.includes(name)) return `${SHIPPED}${name}.yaml`;
  const message = `No profile of this name comes with Twinloom. ${describeNames(name, names)} A file of your own is named by its path.`;
  throw new InvalidProfileError(name, [{ path: [], message }]);
}
