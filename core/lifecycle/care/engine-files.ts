import { lstat, readdir, realpath, stat } from "node:fs/promises";
import { basename, dirname, join, sep } from "node:path";
import { isFilePath } from "../../files/file-path.ts";
import type { PackageManifest, PlacedPackage } from "./engine-packages.ts";

/** A file of a package. */
export interface PackageFile {
  /** In the archive, with forward slashes. */
  readonly path: string;
  /** Here. */
  readonly file: string;
  readonly isExecutable: boolean;
}

/**
 * The files of a package, without the packages below it: all that are installed. Of one that is only linked, such as a
 * checkout, those that would be published.
 *
 * A link to a file of the same package becomes that file.
 */
export async function packageFiles(
  placed: PlacedPackage,
): Promise<{ readonly files: readonly PackageFile[]; readonly problems: readonly string[] }> {
  const { name, root, place, manifest } = placed;
  const files = new Map<string, PackageFile>();
  const problems: string[] = [];
  const visit = async (path: string): Promise<void> => {
    const file = join(root, path);
    const { kind, mode } = await kindOf(file);
    if (kind === "folder") {
      for (const each of await readdir(file)) await visit(`${path}/${each}`);
    } else if (kind === "link" && !(await isFileBelow(file, root))) {
      problems.push(`"${path}" in package "${name}" is a link out of the package, or to no file.`);
    } else if (kind === "other" || !isFilePath(path)) {
      problems.push(`"${path}" in package "${name}" is no file that can be written on every system.`);
    } else {
      files.set(path, { path: `${place}/${path}`, file, isExecutable: (mode & 0o111) !== 0 });
    }
  };
  const isInstalled = /(?:^|[\\/])node_modules[\\/](?:@[^\\/]+[\\/])?[^\\/]+$/.test(root);
  const paths = isInstalled ? await readdir(root) : await publishedPaths(root, manifest);
  for (const path of paths) if (path !== "node_modules") await visit(path);
  return { files: [...files.values()], problems };
}

async function kindOf(file: string): Promise<{ kind: "file" | "folder" | "link" | "other"; mode: number }> {
  const facts = await lstat(file);
  if (facts.isSymbolicLink()) return { kind: "link", mode: (await stat(file).catch(() => facts)).mode };
  return { kind: facts.isFile() ? "file" : facts.isDirectory() ? "folder" : "other", mode: facts.mode };
}

async function isFileBelow(link: string, root: string): Promise<boolean> {
  const target = await realpath(link).catch(() => "");
  return target.startsWith(root + sep) && (await stat(target)).isFile();
}

/**
 * What npm would publish, as far as its rules are simple: the entries of `files`, in whose last part `*` stands for
 * anything, what is always published, and the programs. Without `files` everything that is not hidden.
 *
 * @see https://docs.npmjs.com/cli/configuring-npm/package-json#files
 */
async function publishedPaths(root: string, { files, main, bin = {} }: PackageManifest): Promise<readonly string[]> {
  const top = await readdir(root);
  if (files === undefined) return top.filter((name) => !name.startsWith("."));
  const always = top.filter((name) => /^(?:package\.json|readme|licen[cs]e|notice)(?:\.|$)/i.test(name));
  const programs = [...(main === undefined ? [] : [main]), ...(typeof bin === "string" ? [bin] : Object.values(bin))];
  const paths = new Set(always);
  for (const entry of [...files, ...programs]) {
    const path = entry.replace(/^\.?\/+/, "").replace(/\/+$/, "");
    const wanted = new RegExp(
      `^${basename(path)
        .replace(/[^\w*]/g, "\\$&")
        .replaceAll("*", ".*")}$`,
    );
    const names = await readdir(join(root, dirname(path))).catch(() => []);
    for (const name of names) if (wanted.test(name)) paths.add(join(dirname(path), name).split(sep).join("/"));
  }
  return [...paths];
}
