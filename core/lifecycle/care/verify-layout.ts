import { join } from "node:path";
import { canonicalJson } from "../../canonical/canonical-json.ts";
import { isTemporary } from "../fs/publish.ts";
import { type FolderEntry, type StoreFs, systemCode } from "../fs/store-fs.ts";
import { formatText, OCI_LAYOUT, STORE_FORMAT, STORE_NAMES } from "../layout.ts";
import { folderOfTwin, twinOfFolder } from "../log/folder-name.ts";
import type { TwinStore } from "../store.ts";
import type { StoreProblem } from "./findings.ts";

/** Problems of the files around objects and events, and files that belong to nothing. Those of killed writers are none. */
export async function layoutProblems(
  store: TwinStore,
  { logsAreSound }: { readonly logsAreSound: boolean },
): Promise<readonly StoreProblem[]> {
  const { fs, folder } = store;
  const problems: StoreProblem[] = [];
  const layout = await text(fs, join(folder, STORE_NAMES.ociLayout));
  if (layout !== OCI_LAYOUT) {
    problems.push(
      layoutProblem(
        "error",
        STORE_NAMES.ociLayout,
        "it is not what an OCI image layout has",
        `Write ${OCI_LAYOUT} to it.`,
      ),
    );
  }
  const format = await text(fs, join(folder, STORE_NAMES.format));
  if (format !== formatText("link") && format !== formatText("claim")) {
    const repair = `If no newer Twinloom wrote it, write {"format":${STORE_FORMAT}} to it; otherwise update Twinloom.`;
    problems.push(
      layoutProblem("error", STORE_NAMES.format, `it says ${format}, which this Twinloom does not write`, repair),
    );
  }
  if (logsAreSound) problems.push(...(await indexProblems(store)));
  for (const file of await strayFiles(fs, folder)) {
    problems.push({
      severity: "notice",
      kind: "stray",
      file,
      versions: [],
      problem: `"${file}" belongs to nothing in this store.`,
      repair: "Nothing reads it. Look what it is, and remove it.",
    });
  }
  return problems;
}

/**
 * The index for registry tools is derived, and old while a writer has the store open or where one was killed. It is written
 * anew, where the store can be written.
 */
async function indexProblems(store: TwinStore): Promise<readonly StoreProblem[]> {
  const file = join(store.folder, STORE_NAMES.ociIndex);
  const wanted = canonicalJson(await store.ociIndex());
  if ((await text(store.fs, file)) === wanted) return [];
  await store.writeOciIndex();
  if ((await text(store.fs, file)) === wanted) return [];
  const problem = "it does not list what the logs have; only registry tools read it";
  const repair = "It is written anew when a writer closes the store.";
  return [layoutProblem("notice", STORE_NAMES.ociIndex, problem, repair)];
}

function layoutProblem(
  severity: StoreProblem["severity"],
  file: string,
  problem: string,
  repair: string,
): StoreProblem {
  return { severity, kind: "layout", file, versions: [], problem: `File "${file}": ${problem}.`, repair };
}

/** What belongs to nothing in each folder. */
async function strayFiles(fs: StoreFs, root: string): Promise<readonly string[]> {
  const { blobs, events } = STORE_NAMES;
  const top = new Set<string>(Object.values(STORE_NAMES));
  const stray = [
    ...(await namesIn(fs, root, ".", (name) => top.has(name) || name.startsWith(`${STORE_NAMES.sqlite}-`))),
    ...(await namesIn(fs, root, blobs, (name) => name === "sha256")),
    ...(await namesIn(fs, root, `${blobs}/sha256`, (name, kind) => kind === "file" && /^[0-9a-f]{64}$/.test(name))),
    ...(await namesIn(fs, root, events, (name, kind) => kind === "folder" && twinOfFolder(name) !== undefined)),
  ];
  for (const { name: folder, kind } of await entries(fs, join(root, events))) {
    const twin = twinOfFolder(folder);
    if (twin === undefined || kind !== "folder") continue;
    const isEvent = (name: string): boolean => /^\d{8,}\.json(?:\.claim)?$/.test(name);
    stray.push(...(await namesIn(fs, root, `${events}/${folderOfTwin(twin)}`, isEvent)));
  }
  return stray.sort((a, b) => (a < b ? -1 : 1));
}

async function namesIn(
  fs: StoreFs,
  root: string,
  folder: string,
  belongs: (name: string, kind: FolderEntry["kind"]) => boolean,
): Promise<readonly string[]> {
  const found = await entries(fs, join(root, folder));
  return found
    .filter(({ name, kind }) => !belongs(name, kind) && !isTemporary(name))
    .map(({ name }) => (folder === "." ? name : `${folder}/${name}`));
}

async function entries(fs: StoreFs, path: string): Promise<readonly FolderEntry[]> {
  try {
    return await fs.list(path);
  } catch (error) {
    if (["ENOENT", "ENOTDIR"].includes(systemCode(error) ?? "")) return [];
    throw error;
  }
}

async function text(fs: StoreFs, path: string): Promise<string | undefined> {
  try {
    return Buffer.from(await fs.readFile(path)).toString();
  } catch {
    return undefined;
  }
}
