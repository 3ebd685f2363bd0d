import { execFileSync } from "node:child_process";
import { readdirSync, rmSync } from "node:fs";
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  artifact,
  constant,
  createTwin,
  type Digest,
  digestBytes,
  exportSpec,
  loadSpec,
  Model,
  openStore,
  readVersion,
  sealVersion,
  type TwinStore,
} from "../../../../core/index.ts";
import { sampleStore } from "../log/sample-store.ts";
import { copyProject, git, PROJECT, scratchFolder, writeFiles, writeProject } from "./sample-project.ts";

/** Every object of a store as text. */
async function textsOf(store: TwinStore): Promise<readonly string[]> {
  const texts: string[] = [];
  for await (const { digest } of store.objects.list())
    texts.push(Buffer.from(await store.objects.get(digest)).toString());
  return texts;
}

async function configOf(store: TwinStore, name = "sample") {
  return (await readVersion(store.objects, (await store.resolve(name)).digest)).config;
}

describe("sealVersion", () => {
  it("refuses pipes, which would be waited for, and a lock file that is none", { timeout: 20_000 }, async () => {
    await using scratch = await scratchFolder();
    await using sample = await sampleStore();
    const folder = join(scratch.path, "p");
    const file = await writeProject(folder);
    await writeFile(join(folder, "package-lock.json"), "<<<<<<< HEAD\n{");
    await expect(sealVersion(sample.store, await loadSpec(file))).rejects.toMatchObject({
      code: "TWIN_FILE_UNREADABLE",
      message: expect.stringMatching(/package-lock\.json": it is no JSON/),
    });
    await rm(join(folder, "package-lock.json"));
    await rm(join(folder, "net.onnx"));
    execFileSync("mkfifo", [join(folder, "net.onnx")]);
    await expect(sealVersion(sample.store, await loadSpec(file))).rejects.toMatchObject({
      code: "TWIN_FILE_UNREADABLE",
      message: expect.stringContaining("a pipe"),
    });
    expect(await sample.store.list()).toEqual([]);
  });

  it("decides anew when others seal while it decides: equal content is one version", async () => {
    await using scratch = await scratchFolder();
    await using sample = await sampleStore();
    const { store } = sample;
    const file = await writeProject(join(scratch.path, "p"));
    const spec = await loadSpec(file);
    const other = await loadSpec(await writeProject(join(scratch.path, "q")));
    await using late = await openStore(store.folder);
    const logOf = late.log.bind(late);
    let isFirst = true;
    late.log = (twin) => {
      const log = logOf(twin);
      const append = log.append.bind(log);
      log.append = async (...args) => {
        if (isFirst) {
          isFirst = false;
          await sealVersion(store, { ...other, tolerances: { outputs: {} } });
          await sealVersion(store, spec);
        }
        return await append(...args);
      };
      return log;
    };
    expect(await sealVersion(late, spec)).toMatchObject({ isNew: false, entry: { number: 2 } });
    expect(await store.list("sample")).toHaveLength(2);
  });

  it("keeps the spec, what it names, the model's card and the code", async () => {
    await using scratch = await scratchFolder();
    await using sample = await sampleStore();
    const { store } = sample;
    const file = await writeProject(join(scratch.path, "p"));
    const { entry, isNew, notes } = await sealVersion(store, await loadSpec(file), { reason: "first" });
    expect({ isNew, notes, number: entry.number, reason: entry.reason }).toEqual({
      isNew: true,
      notes: [],
      number: 1,
      reason: "first",
    });
    const config = await configOf(store);
    const spec = Buffer.from(await store.objects.get(config.spec.digest)).toString();
    const table = digestBytes(PROJECT["tables/gain.csv"] as string);
    expect(spec).toContain(`table: !artifact { path: tables/gain.csv, digest: "${table}" }`);
    expect(config.code.files.map(({ path }) => path)).toEqual(["lib/base.ts", "lib/factor.ts", "probe.ts"]);
    expect(config.data).toMatchObject([{ path: "tables/gain.csv", role: "option", descriptor: { digest: table } }]);
    expect(config.models).toMatchObject([
      {
        path: "net.onnx",
        part: "network",
        metrics: { "auc.mean": 0.5 },
        card: { path: "net.card.json" },
        descriptor: { mediaType: "application/vnd.onnx" },
      },
    ]);
    const { packages, node } = config.environment;
    expect(node).toBe(process.versions.node.replace(/\.\d+$/, ""));
    expect(packages.map(({ purl }) => purl.replace(/@[^@]*$/, ""))).toEqual(["pkg:npm/twinloom", "pkg:npm/zod"]);
    for (const { digest } of (await readVersion(store.objects, entry.digest)).manifest.layers) {
      expect(await store.objects.verify(digest)).toBe("sound");
    }
  });

  it("gives an equal digest in another folder, for another user, at another time", async () => {
    await using scratch = await scratchFolder();
    const first = await writeProject(join(scratch.path, "here"));
    const second = await copyProject(join(scratch.path, "here"), join(scratch.path, "deep", "er", "there"));
    const digests: string[] = [];
    for (const [file, actor, at] of [
      [first, "ann@lab", 1e12],
      [second, "bob@cluster", 2e12],
    ] as const) {
      await using sample = await sampleStore({ actor, clock: { now: () => at } });
      const { entry } = await sealVersion(sample.store, await loadSpec(file), { reason: actor });
      digests.push(entry.digest);
      for (const text of await textsOf(sample.store)) {
        expect(text).not.toMatch(/ann@lab|bob@cluster|2001-09-09|2033-05-18/);
        expect(text).not.toContain(scratch.path);
      }
    }
    expect(digests[0]).toBe(digests[1]);
  });

  it("changes nothing when it is done again, also after other versions", async () => {
    await using scratch = await scratchFolder();
    await using sample = await sampleStore();
    const { store } = sample;
    const file = await writeProject(join(scratch.path, "p"));
    const a = await sealVersion(store, await loadSpec(file));
    const again = await sealVersion(store, await loadSpec(file));
    expect(again).toMatchObject({ isNew: false, entry: { digest: a.entry.digest, number: 1 } });
    await writeFile(join(scratch.path, "p", "tables", "gain.csv"), "4,5,6\n");
    const b = await sealVersion(store, await loadSpec(file));
    expect(b).toMatchObject({ isNew: true, entry: { number: 2 } });
    expect((await configOf(store)).parents).toEqual([{ digest: a.entry.digest, relation: "revision" }]);
    await writeFile(join(scratch.path, "p", "tables", "gain.csv"), PROJECT["tables/gain.csv"] as string);
    expect(await sealVersion(store, await loadSpec(file))).toMatchObject({ isNew: false, entry: { number: 1 } });
    expect(await store.list("sample")).toHaveLength(2);
  });

  it("puts files from elsewhere below artifacts/, each under a name of its own", async () => {
    await using scratch = await scratchFolder();
    await using sample = await sampleStore();
    const { store } = sample;
    await writeFiles(scratch.path, { "a/t.csv": "a", "b/t.csv": "b", "node_modules/t.csv": "c" });
    const file = await writeProject(join(scratch.path, "p"), {
      ...PROJECT,
      "twin.yaml": `twin: sample
plugins:
  one: { use: "./probe.ts#probe", table: !artifact ../a/t.csv }
  two: { use: "./probe.ts#probe", table: !artifact ../b/t.csv }
  three: { use: "./probe.ts#probe", table: !artifact ../node_modules/t.csv }
  four: { use: "./probe.ts#probe", table: !artifact ../a/t.csv }
`,
    });
    await sealVersion(store, await loadSpec(file));
    expect((await configOf(store)).data.map(({ path }) => path)).toEqual([
      "artifacts/t-2.csv",
      "artifacts/t-3.csv",
      "artifacts/t.csv",
    ]);
  });

  it("keeps the inputs of plans, and options that name a file as a text where an artifact is taken", async () => {
    await using scratch = await scratchFolder();
    await using sample = await sampleStore();
    const { store } = sample;
    const folder = join(scratch.path, "p");
    const file = await writeProject(folder, PROJECT);
    const loaded = await loadSpec(file);
    const table = join(folder, "tables", "gain.csv");
    const { probe } = loaded.plugins;
    const { notes } = await sealVersion(store, {
      ...loaded,
      plugins: { probe: { ...(probe as NonNullable<typeof probe>), options: { text: table, label: file } } },
      plans: { main: { make: { task: "make", inputs: { numbers: { file: join(folder, "net.onnx") } } } } },
    });
    const config = await configOf(store);
    expect(config.data).toMatchObject([
      { path: "net.onnx", role: "input" },
      { path: "tables/gain.csv", role: "option" },
    ]);
    const spec = Buffer.from(await store.objects.get(config.spec.digest)).toString();
    expect(spec).toMatch(/text: !artifact \{ path: tables\/gain.csv/);
    expect(spec).toMatch(/numbers: !artifact \{ path: net.onnx/);
    // The schema takes no artifact there: a text stays a text.
    expect(spec).toContain(`label: ${file}`);
    expect(notes).toEqual([expect.stringContaining(`Part "probe" is given "${file}"`)]);
  });

  it("refuses what no twin.yaml can hold, and plugins that nobody else could find", async () => {
    await using sample = await sampleStore();
    const { store } = sample;
    const fake = { name: "m" } as unknown as Model;
    await expect(sealVersion(store, { name: "fake", plugins: { model: constant(Model, fake) } })).rejects.toMatchObject(
      {
        code: "TWIN_SPEC_NOT_EXPORTABLE",
      },
    );
    const own = constant(Model, fake);
    const plugin = { ...own, definition: { ...own.definition, name: "acme-nowhere/model" } };
    await expect(sealVersion(store, { name: "t", plugins: { model: plugin } })).rejects.toMatchObject({
      code: "TWIN_NOT_SEALABLE",
      problems: [expect.stringContaining('no package "acme-nowhere"')],
    });
    expect(await store.twins()).toEqual([]);
  });

  it("refuses modules on both sides of the folder, and takes those that lie together elsewhere", async () => {
    await using scratch = await scratchFolder();
    await using sample = await sampleStore();
    const { store } = sample;
    const { "twin.yaml": spec = "", ...rest } = PROJECT;
    await writeProject(join(scratch.path, "code"), rest);
    await writeFiles(scratch.path, {
      "twins/twin.yaml": spec.replaceAll("./probe.ts", "../code/probe.ts").replace(/!artifact /g, "!artifact ../code/"),
    });
    await sealVersion(store, await loadSpec(join(scratch.path, "twins", "twin.yaml")));
    const config = await configOf(store);
    expect(config.code.files.map(({ path }) => path)).toEqual([
      "outside/lib/base.ts",
      "outside/lib/factor.ts",
      "outside/probe.ts",
    ]);
    expect(Buffer.from(await store.objects.get(config.spec.digest)).toString()).toContain("./outside/probe.ts#probe");

    await writeFiles(scratch.path, { "code/lib/factor.ts": 'export { base as factor } from "../../twins/base.ts";\n' });
    await writeFiles(scratch.path, { "twins/base.ts": "export const base: number = 1;\n" });
    const crossing = await loadSpec(join(scratch.path, "twins", "twin.yaml"));
    await expect(sealVersion(store, crossing)).rejects.toMatchObject({
      code: "TWIN_NOT_SEALABLE",
      problems: [expect.stringContaining('"../../twins/base.ts"')],
    });
  });

  it("refuses a file that has not the digest that the composition states, or that is not there", async () => {
    await using scratch = await scratchFolder();
    await using sample = await sampleStore();
    const { store } = sample;
    const file = await writeProject(join(scratch.path, "p"));
    const loaded = await loadSpec(file);
    const { probe } = loaded.plugins;
    const withTable = (table: unknown) => ({
      ...loaded,
      plugins: { probe: { ...(probe as NonNullable<typeof probe>), options: { table } } },
    });
    const wrong = artifact(join(scratch.path, "p", "net.onnx"), { digest: digestBytes("other") });
    await expect(sealVersion(store, withTable(wrong))).rejects.toMatchObject({ code: "TWIN_ARTIFACT_CHANGED" });
    const missing = artifact(join(scratch.path, "p", "missing.csv"));
    await expect(sealVersion(store, withTable(missing))).rejects.toMatchObject({
      code: "TWIN_FILE_NOT_FOUND",
      message: expect.stringMatching(/missing\.csv", which is named here: .*twin\.yaml:3:\d+: plugins\.probe\.table\./),
    });
    expect(await store.twins()).toEqual([]);
  });

  it("seals no twin without a name, and says where it goes", async () => {
    await using scratch = await scratchFolder();
    await using sample = await sampleStore();
    const { store } = sample;
    const text = (PROJECT["twin.yaml"] as string).replace("twin: sample\n", "");
    const file = await writeProject(join(scratch.path, "p"), { ...PROJECT, "twin.yaml": text });
    const loaded = await loadSpec(file);
    const refused = { code: "TWIN_NOT_SEALABLE", message: expect.stringContaining('"twin: my-twin"') };
    await expect(sealVersion(store, loaded)).rejects.toMatchObject(refused);
    await using twin = await createTwin(loaded);
    await expect(twin.seal({ store })).rejects.toMatchObject(refused);
    expect(await store.twins()).toEqual([]);
    expect((await sealVersion(store, { ...loaded, name: "named" })).entry.twin).toBe("named");
  });

  it("tells how far it is, and stops when asked to", async () => {
    await using scratch = await scratchFolder();
    await using sample = await sampleStore();
    const { store } = sample;
    const loaded = await loadSpec(await writeProject(join(scratch.path, "p")));
    const told: [number, number][] = [];
    await sealVersion(store, loaded, { onProgress: (done, of) => told.push([done, of]) });
    const [last] = told.slice(-1);
    expect(last?.[0]).toBe(last?.[1]);
    expect(told.map(([done]) => done)).toEqual(told.map(([done]) => done).sort((a, b) => a - b));
    const abort = new AbortController();
    const calledOff = sealVersion(store, loaded, {
      annotations: { license: "Apache-2.0" },
      signal: abort.signal,
      onProgress: () => abort.abort(new Error("called off")),
    });
    await expect(calledOff).rejects.toThrow("called off");
    expect(await store.list("sample")).toHaveLength(1);
  });

  it("seals nothing where the alias could not be put on it", async () => {
    await using scratch = await scratchFolder();
    await using sample = await sampleStore();
    const { store } = sample;
    const file = await writeProject(join(scratch.path, "p"));
    await sealVersion(store, await loadSpec(file), { alias: "champion" });
    // It is there already, and so nothing is to be said for it.
    expect(await sealVersion(store, await loadSpec(file), { alias: "champion" })).toMatchObject({ isNew: false });
    await writeFile(join(scratch.path, "p/tables/gain.csv"), "4,5\n");
    for (const alias of ["champion", "latest", "v7", "my alias"]) {
      await expect(sealVersion(store, await loadSpec(file), { alias })).rejects.toMatchObject({
        code: "TWIN_INVALID_ARGUMENT",
        message: expect.stringContaining(alias),
      });
    }
    expect(await store.list()).toHaveLength(1);
    const { entry } = await sealVersion(store, await loadSpec(file), { alias: "champion", reason: "refitted" });
    expect(entry).toMatchObject({ number: 2, aliases: ["champion"] });
  });

  it("records nothing when its pin was taken away meanwhile: a collector may have taken what it kept", async () => {
    await using scratch = await scratchFolder();
    await using sample = await sampleStore();
    const { store, folder } = sample;
    const spec = await loadSpec(await writeProject(scratch.path));
    const onProgress = (): void => {
      for (const name of readdirSync(join(folder, "pins"))) rmSync(join(folder, "pins", name));
    };
    await expect(sealVersion(store, spec, { onProgress })).rejects.toMatchObject({ code: "TWIN_PIN_LOST" });
    expect(await store.list()).toEqual([]);
  });

  it("keeps the policy of the version that it comes from, unless another is given, and says so", async () => {
    await using scratch = await scratchFolder();
    await using sample = await sampleStore();
    const { store } = sample;
    const file = await writeProject(scratch.path);
    const policyOf = async (digest: Digest) => (await readVersion(store.objects, digest)).config.validation?.policy;
    const seal = async (table: string, policy?: string) => {
      await writeFiles(scratch.path, { "tables/gain.csv": table });
      return await sealVersion(store, await loadSpec(file), { policy });
    };
    const bare = await seal("1\n");
    const policy = "schemaVersion: 1\nvalidated: { metrics: [{ metric: auc, max: 0.6 }] }\n";
    const gated = await seal("1\n", policy);
    expect([bare.entry.number, gated.entry.number]).toEqual([1, 2]);
    const next = await seal("2\n");
    expect(await policyOf(next.entry.digest)).toMatchObject({ digest: digestBytes(policy) });
    expect(next.notes).toEqual(["It has the policy of sample@v2, as no other was given."]);
    // Nothing new, with or without.
    expect(await seal("2\n")).toMatchObject({ isNew: false, notes: [], entry: { number: 3 } });
    expect(await seal("1\n")).toMatchObject({ isNew: false, entry: { number: 2 } });
    const open = await seal("2\n", "schemaVersion: 1\n");
    expect(open).toMatchObject({ isNew: true, notes: [], entry: { number: 4 } });
    expect(await policyOf(open.entry.digest)).toMatchObject({ digest: digestBytes("schemaVersion: 1\n") });
  });

  it("is a method of a running twin, and keeps an alias and a policy", async () => {
    await using scratch = await scratchFolder();
    const file = await writeProject(join(scratch.path, "p"));
    const folder = join(scratch.path, "store");
    const loaded = await loadSpec(file);
    await using twin = await createTwin(loaded);
    const policy = "schemaVersion: 1\nvalidated: { metrics: [{ metric: auc, max: 0.6 }] }\n";
    const { entry } = await twin.seal({ store: folder, alias: "champion", policy, reason: "first" });
    expect(entry).toMatchObject({ twin: "sample", number: 1, aliases: ["champion"] });
    await using store = await openStore(folder);
    const { validation, spec } = await configOf(store, "sample@champion");
    expect(Buffer.from(await store.objects.get(validation?.policy?.digest ?? spec.digest)).toString()).toBe(policy);
    await expect(twin.seal({ store, policy: "schemaVersion: 2" })).rejects.toMatchObject({
      code: "TWIN_POLICY_INVALID",
    });
    // The twin that was sealed and the file that it was loaded from are the same.
    expect((await sealVersion(store, await loadSpec(file), { policy })).isNew).toBe(false);
    expect(await exportSpec(loaded)).toContain("sample");
  });
});

describe("What git knows", () => {
  it("is in the version: the commit, and what differs from it", async () => {
    await using scratch = await scratchFolder();
    await using sample = await sampleStore();
    const { store } = sample;
    const folder = join(scratch.path, "repository", "twin");
    const file = await writeProject(folder);
    await writeFiles(scratch.path, { "repository/.gitignore": "node_modules\n", "repository/other.txt": "1\n" });
    const repository = join(scratch.path, "repository");
    git(repository, "init", "-q");
    git(repository, "add", ".");
    git(repository, "commit", "-q", "-m", "all");
    const commit = git(repository, "rev-parse", "HEAD").trim();
    await sealVersion(store, await loadSpec(file));
    expect((await configOf(store)).code.vcs).toEqual({ commit, dirty: false });

    // Somebody else's work in the same repository is no change of the twin.
    await writeFiles(repository, { "other.txt": "2\n" });
    expect((await sealVersion(store, await loadSpec(file))).isNew).toBe(false);

    await writeFiles(folder, { "lib/base.ts": "export const base: number = 22;\n" });
    const { notes } = await sealVersion(store, await loadSpec(file));
    expect(notes).toEqual([expect.stringContaining("The difference is kept")]);
    const { vcs } = (await configOf(store)).code;
    expect(vcs).toMatchObject({ commit, dirty: true });
    const diff = Buffer.from(
      await store.objects.get(vcs?.diff?.digest ?? (await configOf(store)).spec.digest),
    ).toString();
    expect(diff).toContain("+export const base: number = 22;");
    // It is what git takes back.
    const base = join(folder, "lib", "base.ts");
    git(repository, "checkout", "-q", "--", "twin");
    await writeFile(join(scratch.path, "kept.diff"), diff);
    git(repository, "apply", join(scratch.path, "kept.diff"));
    expect(await readFile(base, "utf8")).toBe("export const base: number = 22;\n");
    // A difference without end is told and not kept; the files of the version are.
    await writeFile(join(folder, "tables", "gain.csv"), "0123456789abcde\n".repeat(2_200_000));
    const large = await sealVersion(store, await loadSpec(file));
    expect(large.notes).toEqual([expect.stringMatching(/Nothing of git is kept: .* more than 32 MiB/)]);
    expect((await configOf(store)).code.vcs).toBeUndefined();
  });

  it("looks the same whatever the settings of the user are", async () => {
    await using scratch = await scratchFolder();
    const folder = join(scratch.path, "p");
    const file = await writeProject(folder);
    await writeFiles(folder, { ".gitignore": "node_modules\n" });
    git(folder, "init", "-q");
    git(folder, "add", ".");
    git(folder, "commit", "-q", "-m", "all");
    await writeFiles(folder, { "lib/base.ts": "export const base: number = 22;\n" });
    const digests: string[] = [];
    for (const setting of [
      [],
      ["diff.noprefix", "true"],
      ["diff.context", "0"],
      ["diff.algorithm", "patience"],
      ["core.abbrev", "5"],
      ["color.ui", "always"],
      ["diff.mnemonicPrefix", "true"],
    ]) {
      if (setting.length > 0) git(folder, "config", ...setting);
      await using sample = await sampleStore();
      digests.push((await sealVersion(sample.store, await loadSpec(file))).entry.digest);
    }
    expect(new Set(digests).size).toBe(1);
  });

  it("is left out where there is no repository, and where the folder is none of its files", async () => {
    await using scratch = await scratchFolder();
    await using sample = await sampleStore();
    const { store } = sample;
    const folder = join(scratch.path, "r", "untracked");
    const file = await writeProject(folder);
    await sealVersion(store, await loadSpec(file));
    git(join(scratch.path, "r"), "init", "-q");
    git(join(scratch.path, "r"), "commit", "-q", "--allow-empty", "-m", "none");
    expect((await sealVersion(store, await loadSpec(file))).isNew).toBe(false);
    expect((await configOf(store)).code).not.toHaveProperty("vcs");
    await rm(join(scratch.path, "r", ".git"), { recursive: true });
  });
});
