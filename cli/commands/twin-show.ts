import { type Command, defineCommand } from "../command.ts";
import { STORE_OPTION, VERSION_ARGUMENT } from "../store-options.ts";

export const twinShow: Command = defineCommand({
  path: ["twin", "show"],
  summary: "Show what a version is made of, and the evidence about it",
  arguments: { version: { description: VERSION_ARGUMENT } },
  options: STORE_OPTION,
  example: ["twinloom twin show ecal@champion", "twinloom twin show sha256:0123abcd --json"],
  run: async ({ version: name }, { store: folder }, io) => {
    const { readNoted, readVersion, versionName } = await import("../../core/index.ts");
    const { printVersion } = await import("../print-version.ts");
    const { withStore } = await import("../with-store.ts");
    const shown = await withStore({ store: folder }, io, async (store): Promise<Parameters<typeof printVersion>[0]> => {
      const version = await store.resolve(name);
      const { config } = await readVersion(store.objects, version.digest);
      const state = await store.log(version.twin).read();
      const attested = state.attestations.get(version.digest) ?? [];
      const attestations = attested.map(async (entry) => ({
        ...entry,
        attestation: await readNoted(store.objects, version.digest, entry),
      }));
      const parents = config.parents.map(async ({ relation, digest }) => {
        const entry = await store.resolve(digest).catch(() => undefined);
        return { relation, digest, ...(entry && { name: versionName(entry) }) };
      });
      const policy = config.validation?.policy;
      return {
        version,
        config,
        attestations: await Promise.all(attestations),
        parents: await Promise.all(parents),
        runs: state.runs.get(version.digest) ?? [],
        ...(policy && { policy: new TextDecoder().decode(await store.objects.get(policy.digest)) }),
      };
    });
    if (io.json) io.printJson(shown);
    else printVersion(shown, io);
  },
});
