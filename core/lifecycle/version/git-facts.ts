import { execFile } from "node:child_process";
import { promisify } from "node:util";

/** What git knows of a folder. */
export interface GitFacts {
  readonly commit: string;
  /** What differs from the commit in tracked files of the folder, as `git apply` takes it; empty where nothing does. */
  readonly diff: Uint8Array;
}

/** More of a diff is neither held in memory nor kept. */
const MOST_DIFF_BYTES = 32 << 20;

/** A diff looks the same whatever the user's own settings are. */
const DIFF = [
  "diff",
  "--binary",
  "--full-index",
  "--no-color",
  "--no-ext-diff",
  "--no-textconv",
  "--no-renames",
  "--no-relative",
  "--src-prefix=a/",
  "--dst-prefix=b/",
  "--unified=3",
  "--inter-hunk-context=0",
  "--diff-algorithm=myers",
  "--indent-heuristic",
  "--submodule=short",
  "--ignore-submodules=none",
  "-O/dev/null",
];

/**
 * The commit that is checked out in a folder, and how its tracked files differ from it.
 *
 * @returns `undefined` where there is no git, no repository, no commit, or none of the folder's files in it.
 * @throws Error when git fails for another reason: a repository that it does not trust, or too large a diff.
 */
export async function gitFacts(
  folder: string,
  options: { readonly signal?: AbortSignal | undefined } = {},
): Promise<GitFacts | undefined> {
  const git = async (...command: string[]): Promise<Buffer> => {
    const { stdout } = await promisify(execFile)(
      "git",
      ["-c", "core.fsmonitor=false", "-c", "diff.suppressBlankEmpty=false", "-c", "core.quotePath=true", ...command],
      {
        cwd: folder,
        encoding: "buffer",
        maxBuffer: MOST_DIFF_BYTES,
        env: environment(),
        ...(options.signal && { signal: options.signal }),
      },
    );
    return stdout;
  };
  let commit: string;
  try {
    // The second is the folder as the commit has it: fails for a folder that only lies within a repository of others.
    const [head = ""] = String(await git("rev-parse", "--verify", "--quiet", "HEAD^{commit}")).split("\n");
    await git("rev-parse", "--verify", "--quiet", "HEAD:./");
    commit = head;
  } catch (error) {
    options.signal?.throwIfAborted();
    const { code, stderr } = error as { readonly code?: unknown; readonly stderr?: Buffer };
    const said = String(stderr ?? "");
    if (code === "ENOENT" || said.trim() === "" || said.includes("not a git repository")) return undefined;
    throw new Error(said.trim().split("\n")[0], { cause: error });
  }
  try {
    return { commit, diff: await git(...DIFF, "HEAD", "--", ".") };
  } catch (error) {
    if ((error as { readonly code?: unknown }).code !== "ERR_CHILD_PROCESS_STDIO_MAXBUFFER") throw error;
    const problem = `what differs from commit ${commit.slice(0, 8)} is more than ${MOST_DIFF_BYTES >> 20} MiB. Commit it, and seal again.`;
    throw new Error(problem, { cause: error });
  }
}

/** This process's, without what a hook of git would set: it would be about another repository. */
function environment(): NodeJS.ProcessEnv {
  const others = Object.entries(process.env).filter(([name]) => !name.startsWith("GIT_"));
  return { ...Object.fromEntries(others), LC_ALL: "C", GIT_OPTIONAL_LOCKS: "0" };
}
