import { join } from "node:path";
import {
  canonicalJson,
  type Digest,
  digestJson,
  type Journal,
  type JsonValue,
  openJournal,
  ReadFailedError,
  readJournal,
} from "../../../core/index.ts";
import { DecisionsDivergedError } from "../errors.ts";
import type { Decision } from "../loop/decision.ts";
import type { AdaptationSettings } from "../loop/options.ts";
import { firstDifference } from "./first-difference.ts";

/** Kind of the journals that decisions are in. */
const DECISIONS_KIND = "twinloom.decisions.v1";

/** A decision as it was written down. */
export interface RecordedDecision {
  /** In the order of deciding, from 0. */
  readonly number: number;
  readonly decision: Decision;
  /** What was done about it; absent where nothing was, or not yet. */
  readonly outcome?: JsonValue;
}

/** Under which rules decisions were made: others give others. */
export interface Rules {
  /** Names of the twin's conditions. */
  readonly conditions: readonly string[];
  /** How many counters it has; absent where it has none. */
  readonly counters?: number;
  readonly settings: AdaptationSettings;
}

type Entry =
  | ({ readonly type: "rules" } & Rules)
  | { readonly type: "decided"; readonly number: number; readonly decision: Decision }
  | { readonly type: "acted"; readonly number: number; readonly outcome: JsonValue };

/**
 * The decisions of a decider, with what was done about each: a file `decisions.journal`. Who has it open is the one that
 * decides.
 */
export class DecisionsJournal implements AsyncDisposable {
  readonly #journal: Journal;
  readonly #recorded: RecordedDecision[];

  private constructor(journal: Journal, recorded: RecordedDecision[]) {
    this.#journal = journal;
    this.#recorded = recorded;
  }

  /**
   * @throws `TWIN_FILE_LOCKED` while another decides; {@link DecisionsDivergedError} where it was decided under other rules;
   *   as `openJournal` does.
   */
  static async open(folder: string, rules: Rules, signal: AbortSignal | undefined): Promise<DecisionsJournal> {
    const path = decisionsFile(folder);
    const journal = await openJournal(path, { kind: DECISIONS_KIND, signal });
    try {
      const [first, ...rest] = await entriesOf(path, signal);
      const head: Entry = { type: "rules", ...rules };
      if (first === undefined) await journal.append(encode(head));
      else if (canonicalJson(first) !== canonicalJson(head)) {
        throw new DecisionsDivergedError(
          `The decisions in "${path}" are of another twin, or were made with other options: ${firstDifference(first, head)}. ` +
            "Use the same, or another folder.",
        );
      }
      return new DecisionsJournal(journal, recordedIn(rest, path));
    } catch (error) {
      await journal.close();
      throw error;
    }
  }

  get recorded(): readonly RecordedDecision[] {
    return this.#recorded;
  }

  /**
   * Writes a decision down, and resolves when it is durable; one that is there already must be the same.
   *
   * @throws {@link DecisionsDivergedError}
   */
  async decide(number: number, decision: Decision): Promise<RecordedDecision> {
    const known = this.#recorded[number];
    if (!known) {
      await this.#journal.append(encode({ type: "decided", number, decision }));
      const recorded = { number, decision };
      this.#recorded.push(recorded);
      return recorded;
    }
    if (canonicalJson(known.decision) === canonicalJson(decision)) return known;
    throw new DecisionsDivergedError(
      `Decision ${number} in "${this.#journal.path}" was "${known.decision.kind}" after ${known.decision.events} events, and now is ` +
        `"${decision.kind}" after ${decision.events} (${firstDifference(known.decision, decision)}). These are other events, or it is ` +
        "another twin, or another version of Twinloom or Node.js. Use another folder.",
    );
  }

  /** Writes down what was done about a decision. */
  async act(number: number, outcome: JsonValue): Promise<void> {
    await this.#journal.append(encode({ type: "acted", number, outcome }));
    this.#recorded[number] = { ...(this.#recorded[number] as RecordedDecision), outcome };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#journal.close();
  }
}

/**
 * Tells which the first decisions were, and under which rules they were made: the digest of each decision and the digest before it,
 * so that it takes no longer the more there are.
 */
export class DecisionsDigest {
  #digest: Digest;
  #count = 0;

  constructor({ conditions, counters, settings }: Rules) {
    this.#digest = digestJson({ conditions, ...(counters !== undefined && { counters }), settings });
  }

  /** Of the first so many, no fewer than the last time; `undefined` where there are fewer. */
  of(count: number, recorded: readonly RecordedDecision[]): Digest | undefined {
    if (recorded.length < count) return undefined;
    for (const { decision } of recorded.slice(this.#count, count)) {
      this.#digest = digestJson({ before: this.#digest, decision });
      this.#count++;
    }
    return this.#digest;
  }
}

/**
 * Reads the decisions in a folder, in their order; also while somebody decides.
 *
 * @throws as `readJournal` does; `TWIN_FILE_NOT_FOUND` where there are none.
 */
export async function readDecisions(
  folder: string,
  { signal }: { readonly signal?: AbortSignal | undefined } = {},
): Promise<readonly RecordedDecision[]> {
  const path = decisionsFile(folder);
  return recordedIn((await entriesOf(path, signal)).slice(1), path);
}

/** The journal in a folder. */
export function decisionsFile(folder: string): string {
  return join(folder, "decisions.journal");
}

async function entriesOf(path: string, signal: AbortSignal | undefined): Promise<readonly Entry[]> {
  const entries: Entry[] = [];
  for await (const bytes of readJournal(path, { kind: DECISIONS_KIND, signal })) {
    // As encode wrote it: the journal's checksums vouch for that.
    entries.push(JSON.parse(new TextDecoder().decode(bytes)) as Entry);
  }
  return entries;
}

function recordedIn(entries: readonly Entry[], path: string): RecordedDecision[] {
  const recorded: RecordedDecision[] = [];
  for (const entry of entries) {
    if (entry.type === "decided" && entry.number === recorded.length) {
      recorded.push({ number: entry.number, decision: entry.decision });
    } else if (entry.type === "acted" && recorded[entry.number]) {
      recorded[entry.number] = { ...(recorded[entry.number] as RecordedDecision), outcome: entry.outcome };
    } else throw new ReadFailedError(path, `its decision ${recorded.length} is missing.`);
  }
  return recorded;
}

function encode(entry: Entry): Uint8Array {
  return new TextEncoder().encode(canonicalJson(entry));
}
