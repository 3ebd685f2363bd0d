import {
  type Attestation,
  type AttestationEntry,
  metricRows,
  type VersionConfig,
  type VersionEntry,
  versionName,
} from "../core/index.ts";
import type { CommandIo } from "./command.ts";
import { metricName } from "./print-diff.ts";
import { formatTable } from "./table.ts";
import { shortDigest, shortTime } from "./version-text.ts";

/** A version with what there is about it. */
export interface ShownVersion {
  readonly version: VersionEntry;
  readonly config: VersionConfig;
  readonly attestations: readonly (AttestationEntry & { readonly attestation: Attestation })[];
  /** With their names, where this store has them. */
  readonly parents: readonly { readonly relation: string; readonly digest: string; readonly name?: string }[];
  /** The fidelity gate that it was sealed with, YAML. */
  readonly policy?: string;
  readonly runs: readonly { readonly id: string; readonly descriptor: { readonly digest: string } }[];
}

/** Prints a version for people. */
export function printVersion(shown: ShownVersion, io: Pick<CommandIo, "print" | "style">): void {
  const { version, config, attestations, parents, policy, runs } = shown;
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
    ["part", "file", "size [B]", "digest"],
    config.models.map(({ part, path, descriptor }) => [part, path, descriptor.size, shortDigest(descriptor.digest)]),
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
    parents.map(({ relation, digest, name }) => [relation, name ?? shortDigest(digest)]),
  );
  section(
    "evidence",
    ["kind", "verdict", "metrics", "attestation", "reason"],
    attestations.map(({ kind, verdict, descriptor, attestation: { metrics, statement } }) => [
      kind,
      verdict,
      Object.keys(metrics).length,
      shortDigest(descriptor.digest),
      kind === "waiver" ? (statement as { readonly reason: string }).reason : null,
    ]),
  );
  const content = { config, attestations: attestations.map(({ attestation }) => attestation) };
  const measured = metricRows(content, content);
  section(
    "metrics",
    ["metric", "value"],
    measured.map((row) => [metricName(row), row.a]),
  );
  if (policy !== undefined) io.print(`\n${io.style.bold("fidelity gate")}\n${policy.trimEnd()}`);
  section(
    "runs",
    ["run", "record"],
    runs.map(({ id, descriptor }) => [id, shortDigest(descriptor.digest)]),
  );
}
