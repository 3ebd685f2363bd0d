import { createHash, randomBytes } from "node:crypto";
import { access, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { PythonUnavailableError } from "./errors.ts";
import { runProgram } from "./run-python.ts";

const REQUIREMENTS = fileURLToPath(new URL("./requirements.txt", import.meta.url));
/** Written last, so that an environment that has it is complete. */
const READY = "twinloom.json";

/** How the environment is made. */
export interface PythonEnvironmentOptions {
  /** The interpreter to make it from; `python3`, then `python`, then `py`, by default. */
  readonly python?: string | undefined;
  /** Where environments are kept; the user's cache folder by default. */
  readonly cacheFolder?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Called with what is done while the environment is made. */
  onProgress?(doing: string): void;
}

/** The virtual environment in which uproot runs. */
export interface PythonEnvironment {
  readonly folder: string;
  /** Its interpreter. */
  readonly python: string;
}

/**
 * The virtual environment with the packages that the export needs, in the user's cache folder. It is made once for each
 * list of packages and version of Python, from the package index that the user's pip is configured for; afterwards no
 * network is needed. A half-made one never appears under its name.
 *
 * @throws {@link PythonUnavailableError}.
 */
export async function pythonEnvironment(options: PythonEnvironmentOptions = {}): Promise<PythonEnvironment> {
  const { signal, onProgress } = options;
  const { program, version } = await findPython(options);
  const requirements = await readFile(REQUIREMENTS, "utf8");
  const key = createHash("sha256").update(`${version}\n${requirements}`).digest("hex").slice(0, 16);
  const above = join(options.cacheFolder ?? userCacheFolder(), "root-export");
  const folder = join(above, key);
  if (await exists(join(folder, READY))) return { folder, python: interpreterIn(folder) };

  onProgress?.(`making a Python environment with uproot in ${folder}; this happens once`);
  const temporary = `${folder}.${randomBytes(6).toString("hex")}.partial`;
  try {
    await mkdir(above, { recursive: true });
    await step(program, ["-m", "venv", temporary], "it cannot make a virtual environment", signal);
    const pip = ["-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--requirement", REQUIREMENTS];
    await step(interpreterIn(temporary), pip, "pip cannot install uproot", signal, (line) => {
      const collecting = /^(?:Collecting|Downloading|Installing collected packages:) ?(\S*)/.exec(line);
      if (collecting) onProgress?.(`installing ${collecting[1] || "packages"}`);
    });
    await writeFile(join(temporary, READY), JSON.stringify({ version, requirements }));
    await rename(temporary, folder).catch(async (error: unknown) => {
      // Another process has made it meanwhile.
      if (!(await exists(join(folder, READY)))) throw error;
    });
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
  return { folder, python: interpreterIn(folder) };
}

async function step(
  program: string,
  args: readonly string[],
  problem: string,
  signal: AbortSignal | undefined,
  onLine?: (line: string) => void,
): Promise<void> {
  const { exitCode, complaint } = await runProgram(program, args, { signal, ...(onLine && { onLine }) });
  if (exitCode === 0) return;
  const last = complaint
    .split("\n")
    .filter((line) => line.trim() !== "")
    .slice(-3)
    .join(" ");
  throw new PythonUnavailableError(`${problem} (${program} ${args[1]}: ${last || `exit code ${exitCode}`}).`);
}

async function findPython({ python, signal }: PythonEnvironmentOptions): Promise<{ program: string; version: string }> {
  const tried: string[] = [];
  for (const program of python === undefined ? ["python3", "python", "py"] : [python]) {
    let said = "";
    // Where it lies as well: two installations of one version may be built differently.
    const code = "import sys; print(sys.version.split()[0], sys.platform, sys.prefix)";
    const { exitCode, complaint } = await runProgram(program, ["-c", code], {
      signal,
      onLine: (line) => {
        said ||= line;
      },
    });
    const [major = 0, minor = 0] = said.split(" ")[0]?.split(".").map(Number) ?? [];
    if (exitCode === 0 && major === 3 && minor >= 11) return { program, version: said };
    const is = major > 0 ? `is ${said.split(" ")[0]}` : "is no Python";
    tried.push(`${program} ${exitCode === 0 ? is : `does not run (${complaint.split("\n").at(-1)})`}`);
  }
  throw new PythonUnavailableError(`${tried.join(", ")}.`);
}

function interpreterIn(folder: string): string {
  return process.platform === "win32" ? join(folder, "Scripts", "python.exe") : join(folder, "bin", "python");
}

/** By the XDG base directory specification; on Windows the local application data. */
function userCacheFolder(): string {
  const { XDG_CACHE_HOME, LOCALAPPDATA } = process.env;
  if (process.platform === "win32" && LOCALAPPDATA) return join(LOCALAPPDATA, "twinloom", "cache");
  return join(XDG_CACHE_HOME || join(homedir(), ".cache"), "twinloom");
}

async function exists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch {
    return false;
  }
}
