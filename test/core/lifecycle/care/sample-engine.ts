import { chmod } from "node:fs/promises";
import { join } from "node:path";
import { MEDIA_TYPES } from "../../../../core/lifecycle/media-types.ts";
import type { VersionConfig } from "../../../../core/lifecycle/schema.ts";
import { openStore, type TwinStore } from "../../../../core/lifecycle/store.ts";
import { writeVersion } from "../../../../core/lifecycle/version/manifest.ts";
import { scratchFolder, writeFiles } from "../version/sample-project.ts";

/** A package.json. */
export function manifest(name: string, version: string, more: object = {}): string {
  return JSON.stringify({ name, version, ...more });
}

/** An installed engine that does nothing, with dependencies, nested ones, optional packages, and a plugin of somebody else. */
const INSTALLED: Readonly<Record<string, string>> = {
  "twinloom/package.json": manifest("twinloom", "0.1.0", {
    engines: { node: ">=20.11" },
    files: ["dist", "cli/twinloom.js", "data/*.h5"],
    exports: { "./modules/hdf5": "./dist/modules/hdf5/index.js", "./modules/report": "./dist/modules/report/index.js" },
    dependencies: { flat: "1", needy: "1" },
    peerDependencies: { "fake-hdf5": "1", "fake-plots": "1", "fake-runner": "1" },
  }),
  "twinloom/cli/twinloom.js": "#!/usr/bin/env node\nconsole.log('engine');\n",
  "twinloom/dist/core/index.js": "export {};\n",
  "twinloom/dist/modules/hdf5/index.js": "new Worker(new URL(import.meta.url.replace(/index.*/, worker)));\n",
  "twinloom/dist/modules/hdf5/worker/read.js": 'await import("fake-hdf5/node");\n',
  "twinloom/dist/modules/report/index.js": 'await import("fake-plots");\n',
  "flat/package.json": manifest("flat", "1.0.0", { dependencies: { leaf: "1" } }),
  "flat/index.js": "flat\n",
  "leaf/package.json": manifest("leaf", "1.0.0"),
  "leaf/lib/leaf.js": "leaf 1\n",
  "needy/package.json": manifest("needy", "1.0.0", { dependencies: { leaf: "2", flat: "1" } }),
  "needy/node_modules/leaf/package.json": manifest("leaf", "2.0.0"),
  "needy/node_modules/leaf/lib/leaf.js": "leaf 2\n",
  "fake-hdf5/package.json": manifest("fake-hdf5", "1.0.0", { optionalDependencies: { "not-here": "1" } }),
  "fake-plots/package.json": manifest("fake-plots", "1.0.0"),
  "fake-runner/package.json": manifest("fake-runner", "1.0.0"),
  "@acme/meter/package.json": manifest("@acme/meter", "1.2.0", { peerDependencies: { twinloom: "^0.1.0" } }),
  "@acme/meter/index.js": 'import { definePlugin } from "twinloom";\n',
};

/** A project whose store has a version that was sealed with the engine above and with the plugin. */
export interface SampleEngine extends AsyncDisposable {
  readonly folder: string;
  /** Folder of the engine. */
  readonly root: string;
  readonly store: TwinStore;
  write(files: Readonly<Record<string, string>>): Promise<void>;
}

/** Makes the project in a folder of its own. */
export async function sampleEngine(): Promise<SampleEngine> {
  const { path: folder, ...scratch } = await scratchFolder();
  const write: SampleEngine["write"] = (files) => writeFiles(join(folder, "node_modules"), files);
  await write(INSTALLED);
  const root = join(folder, "node_modules/twinloom");
  await chmod(join(root, "cli/twinloom.js"), 0o750);
  const store = await openStore(join(folder, ".twinloom"), { create: true, actor: "ann@lab", index: false });
  await sealWith(store, ["pkg:npm/twinloom@0.1.0", "pkg:npm/%40acme/meter@1.2.0"]);
  return {
    folder,
    root,
    store,
    write,
    [Symbol.asyncDispose]: async () => {
      await store.close();
      await scratch[Symbol.asyncDispose]();
    },
  };
}

/** Seals a version that reads HDF5 and was made with packages. */
export async function sealWith(store: TwinStore, purls: readonly string[], twin = "ecal"): Promise<void> {
  const { digest, bytes } = await store.objects.put(
    `twin: ${twin}\nplugins: { files: { use: twinloom/modules/hdf5 } }\n`,
  );
  const config: VersionConfig = {
    schemaVersion: 1,
    twin,
    spec: { mediaType: MEDIA_TYPES.spec, digest, size: bytes },
    code: { files: [] },
    data: [],
    models: [],
    environment: { engine: "0.1.0", node: "24.0", packages: purls.map((purl) => ({ purl })) },
    parents: [],
    annotations: {},
  };
  const { descriptor } = await writeVersion(store.objects, config);
  await store.log(twin).append(({ versions }) => ({ type: "sealed", version: descriptor, number: versions.size + 1 }));
}
