import { dirname, join, resolve } from "node:path";
import { type Attestation, namedNumbers, type TwinStore, type VersionEntry, versionName } from "../core/index.ts";
import type { CommandIo } from "./command.ts";
import { UsageError } from "./errors.ts";
import { pairs } from "./parameters.ts";
import { readText } from "./read-text.ts";

/** Evidence as it was typed. */
export interface TypedEvidence {
  readonly kind: "validation" | "audit" | "waiver";
  readonly verdict: Attestation["verdict"];
  readonly metric?: readonly string[] | undefined;
  /** Path of a JSON file. */
  readonly evidence?: string | undefined;
  readonly reason?: string | undefined;
}

/** What the evidence is given for. */
interface Target {
  readonly store: TwinStore;
  readonly entry: VersionEntry;
  readonly cwd: CommandIo["cwd"];
}

/** Makes an attestation about a version. @throws `TWIN_USAGE` */
export async function attestationFrom(typed: TypedEvidence, target: Target): Promise<Attestation> {
  const { kind, verdict, metric = [], evidence, reason } = typed;
  const made = { schemaVersion: 1, kind, verdict, subject: target.entry.digest } as const;
  if (kind === "waiver") {
    if (reason === undefined || evidence !== undefined || metric.length > 0) {
      throw new UsageError("A waiver has a --reason, and neither --evidence nor --metric.");
    }
    return { ...made, metrics: {}, statement: { waives: "audit", reason } };
  }
  const given = Object.fromEntries(pairs(metric).map(([name, text]) => [name, numberOf(name, text)]));
  const statement = evidence === undefined ? null : await readEvidence(evidence, verdict, target);
  if (statement === null && metric.length === 0) {
    throw new UsageError("Give what was found: --evidence file.json, or --metric name=number.");
  }
  const metrics = { ...namedNumbers(statement), ...given };
  if (kind === "validation" && verdict === "passed" && Object.keys(metrics).length === 0) {
    throw new UsageError(`--evidence ${evidence} has no number: a validation says what it measured. Nothing was kept.`);
  }
  return { ...made, metrics, statement };
}

/** What a file says, if it is about the version and does not say that it failed where it is given for one that passed. */
async function readEvidence(
  file: string,
  verdict: Attestation["verdict"],
  { store, entry, cwd }: Target,
): Promise<Attestation["statement"]> {
  const path = resolve(cwd, file);
  let statement: Attestation["statement"];
  try {
    statement = JSON.parse(await readText(path));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new UsageError(`--evidence ${file} is no JSON: ${error.message}`);
  }
  const about = versionIn(statement) ?? (await versionOfRun(path));
  if (about !== undefined && about !== entry.digest) {
    throw new UsageError(
      `--evidence ${file} is about ${await nameOf(store, about)}, and not about ${versionName(entry)} (${entry.digest}). Nothing was kept.`,
    );
  }
  const failed = verdict === "passed" ? failureIn(statement) : undefined;
  if (failed !== undefined) {
    throw new UsageError(
      `--evidence ${file} says ${failed}, and would be kept as passed. Nothing was kept. To keep it as what it is: twinloom twin attest … --verdict failed`,
    );
  }
  return statement;
}

/** The version that a run record, or an attestation, names. */
function versionIn(statement: unknown): string | undefined {
  const { version, subject } = membersOf(statement);
  return [version, subject].find((each) => typeof each === "string" && /^sha256:[0-9a-f]{64}$/.test(each)) as
    | string
    | undefined;
}

/** The version of the run that wrote a file: of a plan, its record lies one folder above. */
async function versionOfRun(path: string): Promise<string | undefined> {
  for (const folder of [dirname(path), dirname(dirname(path))]) {
    try {
      return versionIn(JSON.parse(await readText(join(folder, "run.json"))));
    } catch {
      // No run, or none that can be read.
    }
  }
  return undefined;
}

/** How a file says that what it is about failed: `"verdict": "failed"`. */
function failureIn(statement: unknown): string | undefined {
  const failures: Readonly<Record<string, readonly unknown[]>> = {
    passed: [false],
    success: [false],
    verdict: ["failed", "different", "incomparable"],
    state: ["failed", "canceled"],
    status: ["failed"],
  };
  const members = membersOf(statement);
  const name = Object.keys(failures).find((each) => failures[each]?.includes(members[each]));
  return name && `${JSON.stringify(name)}: ${JSON.stringify(members[name])}`;
}

function membersOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : {};
}

async function nameOf(store: TwinStore, digest: string): Promise<string> {
  const entry = (await store.list()).find((each) => each.digest === digest);
  return entry === undefined ? digest : `${versionName(entry)} (${digest})`;
}

function numberOf(name: string, text: string): number {
  const value = text.trim() === "" ? Number.NaN : Number(text);
  if (!Number.isFinite(value)) throw new UsageError(`--metric ${name}=${text}: "${text}" is no number.`);
  return value;
}
