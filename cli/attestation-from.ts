import { resolve } from "node:path";
import { type Attestation, namedNumbers } from "../core/index.ts";
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

/** Makes an attestation, but for what it is about. @throws `TWIN_USAGE` */
export async function attestationFrom(
  { kind, verdict, metric = [], evidence, reason }: TypedEvidence,
  io: Pick<CommandIo, "cwd">,
): Promise<Omit<Attestation, "subject">> {
  const made = { schemaVersion: 1, kind, verdict } as const;
  if (kind === "waiver") {
    if (reason === undefined || evidence !== undefined || metric.length > 0) {
      throw new UsageError("A waiver has a --reason, and neither --evidence nor --metric.");
    }
    return { ...made, metrics: {}, statement: { waives: "audit", reason } };
  }
  const typed = Object.fromEntries(pairs(metric).map(([name, text]) => [name, numberOf(name, text)]));
  const statement = evidence === undefined ? null : await readEvidence(evidence, io);
  if (statement === null && metric.length === 0) {
    throw new UsageError("Give what was found: --evidence file.json, or --metric name=number.");
  }
  return { ...made, metrics: { ...namedNumbers(statement), ...typed }, statement };
}

async function readEvidence(file: string, { cwd }: Pick<CommandIo, "cwd">): Promise<Attestation["statement"]> {
  const text = await readText(resolve(cwd, file));
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new UsageError(`--evidence ${file} is no JSON: ${(error as Error).message}`);
  }
}

function numberOf(name: string, text: string): number {
  const value = text.trim() === "" ? Number.NaN : Number(text);
  if (!Number.isFinite(value)) throw new UsageError(`--metric ${name}=${text}: "${text}" is no number.`);
  return value;
}
