import { resolve } from "node:path";
import { type Adaptable, createTwin, type Figure, type Report, writeFileAtomically } from "../core/index.ts";
import {
  type ConditionsAt,
  type Decided,
  decisionsReport,
  readConditionsOverTime,
} from "../modules/adaptation/index.ts";
import type { CommandIo } from "./command.ts";
import { harmless } from "./harmless.ts";
import { withTwin } from "./with-twin.ts";

/** A page about what was decided, where one is asked for. */
export interface ReportChoice {
  readonly report?: string | undefined;
  readonly truth?: string | undefined;
  readonly track?: readonly string[] | undefined;
}

/** What it is about. */
interface Reported {
  readonly decided: Decided;
  readonly adaptable: Adaptable;
  /** Of the twin. */
  readonly name: string;
}

/** Writes the page that was asked for. @throws as `readConditionsOverTime` and `writeFileAtomically` do. */
export async function writeReport(
  { decided, adaptable, name }: Reported,
  { report: page, truth, track }: ReportChoice,
  io: CommandIo,
): Promise<void> {
  if (page === undefined) return;
  const { events, fromNs, toNs, decisions, digest } = decided;
  // Not ended by the signal: interrupted is how it ends.
  const known = truth === undefined ? undefined : await readConditionsOverTime(resolve(io.cwd, truth));
  tellUnknown(known ?? [], adaptable, io);
  const document = decisionsReport({
    ...{ title: `Adaptation of ${name}`, conditions: adaptable.conditions, decisions, fromNs, toNs, truth: known },
    tracked: track,
    provenance: { events: String(events), decisions: digest },
  });
  const html = await reporting((report) => report.html(document));
  await writeFileAtomically(resolve(io.cwd, page), html, { existing: "replace" });
  io.print(`Report: ${page}`);
}

/**
 * That the report can be written, before there is anything in it.
 *
 * @throws `TWIN_FILE_NOT_FOUND`, `TWIN_FILE_UNREADABLE` for the truth of what has happened; `TWIN_PACKAGE_MISSING`.
 */
export async function checkReport(
  { report: page, truth }: ReportChoice,
  { isLive }: { readonly isLive: boolean },
  io: CommandIo,
): Promise<void> {
  if (page === undefined) return;
  // Where events are yet to come, their truth is, too.
  if (truth !== undefined && !isLive) await readConditionsOverTime(resolve(io.cwd, truth), io);
  await reporting((report) => report.svg(EMPTY_FIGURE));
}

const EMPTY_FIGURE: Figure = {
  ...{ kind: "figure", caption: "Nothing", x: { label: "x" }, y: { label: "y" } },
  series: [{ kind: "line", name: "nothing", x: [0, 1], y: [0, 1] }],
};

async function reporting<T>(work: (report: Report) => Promise<T>): Promise<T> {
  const { report } = await import("../modules/report/index.ts");
  return await withTwin(await createTwin({ plugins: { report: report() } }), (twin) => work(twin.report));
}

/** Warns of true conditions none of which the twin has: nothing of them is drawn. Others than those of the twin may be among them. */
function tellUnknown(truth: readonly ConditionsAt[], { conditions }: Adaptable, io: CommandIo): void {
  const names = new Set(truth.flatMap((row) => Object.keys(row.conditions)));
  const [first] = names;
  if (first === undefined || conditions.some(({ name }) => names.has(name))) return;
  const some = conditions.slice(0, 3).map(({ name }) => `"${name}"`);
  io.warn(harmless(`--truth: not drawn: "${first}" is no condition of the twin; they are ${some.join(", ")}, …`));
}
