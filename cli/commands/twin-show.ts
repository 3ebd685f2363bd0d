import type { Attestation, AttestationEntry, VersionConfig, VersionEntry } from "../../core/index.ts";
import { type Command, type CommandIo, defineCommand } from "../command.ts";
import { STORE_OPTION, VERSION_ARGUMENT } from "../store-options.ts";

export const twinShow: Command = defineCommand({
  path: ["twin", "show"],
  summary: "Show what a version is made of, and the evidence about it",
  arguments: { version: { description: VERSION_ARGUMENT } },
  options: STORE_OPTION,
  example: ["twinloom twin show ecal@champion", "twinloom twin show sha256:0123abcd --json"],
  run: async ({ version: name }, { store: folder }, io) => {
    const { readAttestation, readVersion } = await import("../../core/index.ts");
    const { withStore } = await import("../with-store.ts");
    const shown = await withStore({ store: folder }, io, async (store): Promise<Shown> => {
      const version = await store.resolve(name);
      const { config } = await readVersion(store.objects, version.digest);
      const state = await store.log(version.twin).read();
      const attested = state.attestations.get(version.digest) ?? [];
      const attestations = attested.map(async (entry) => ({
        ...entry,
        attestation: await readAttestation(store.objects, entry.descriptor.digest),
      }));
      const runs = state.runs.get(version.digest) ?? [];
      return { version, config, attestations: await Promise.all(attestations), runs };
    });
    if (io.json) io.printJson(shown);
    else await printVersion(shown, io);
  },
});

interface Shown {
  readonly version: VersionEntry;
  readonly config: VersionConfig;
  readonly attestations: readonly (AttestationEntry & { readonly attestation: Attestation })[];
  readonly runs: readonly { readonly id: string; readonly descriptor: { readonly digest: string } }[];
}

async function printVersion({ version, config, attestations, runs }: Shown, io: CommandIo): Promise<void> {
  const { versionName } = await import("../../core/index.ts");
  const { formatTable } = await import("../table.ts");
  const { shortDigest, shortTime } = await import("../version-text.ts");
  const section = (
    title: string,
    names: readonly string[],
    rows: readonly (readonly (string | number | null)[])[],
  ): void => {
    if (rows.length === 0) return;
    io.print(`\n${io.style.bold(title)}`);
    io.print(formatTable({ columns: names.map((name) => ({ name })), rows }));
  };
  const { code, environment } = config;
  io.print(`${io.style.bold(versionName(version))} (${[version.state, ...version.aliases].join("; ")})`);
  io.print(version.digest);
  io.print(
    `sealed ${shortTime(version.sealedAt)} by ${version.actor}${version.reason === null ? "" : `: ${version.reason}`}`,
  );
  if (version.stateReason !== null) io.print(`${version.state}: ${version.stateReason}`);
  io.print(`Twinloom ${environment.engine}, Node ${environment.node}`);
  if (code.vcs) io.print(`commit ${code.vcs.commit}${code.vcs.dirty ? ", with changes that are kept" : ""}`);
  section(
    "models",
    ["part", "file", "size [B]", "digest", "metrics"],
    config.models.map(({ part, path, descriptor, metrics = {} }) => [
      part,
      path,
      descriptor.size,
      shortDigest(descriptor.digest),
      Object.keys(metrics).length,
    ]),
  );
  const files = [
    { role: "spec", path: "twin.yaml", descriptor: config.spec },
    ...code.files.map((file) => ({ role: "code", ...file })),
    ...config.data,
  ];
  section(
    "files",
    ["role", "file", "size [B]", "digest"],
    files.map(({ role, path, descriptor }) => [role, path, descriptor.size, shortDigest(descriptor.digest)]),
  );
  section(
    "packages",
    ["package", "part"],
    environment.packages.map(({ purl, part }) => [decodeURIComponent(purl.replace("pkg:npm/", "")), part ?? null]),
  );
  section(
    "parents",
    ["relation", "version"],
    config.parents.map(({ relation, digest }) => [relation, shortDigest(digest)]),
  );
  section(
    "evidence",
    ["kind", "verdict", "metrics", "attestation"],
    attestations.map(({ kind, verdict, descriptor, attestation }) => [
      kind,
      verdict,
      Object.keys(attestation.metrics).length,
      shortDigest(descriptor.digest),
    ]),
  );
  section(
    "runs",
    ["run", "record"],
    runs.map(({ id, descriptor }) => [id, shortDigest(descriptor.digest)]),
  );
}
