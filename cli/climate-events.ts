import { basename, resolve } from "node:path";
import type { Dataset } from "../core/index.ts";
import type { AnomalyScorer, ExtremeEvent, Season } from "../thematic/climate/index.ts";
import { seriesVariable, withClimateData } from "./climate-data.ts";
import { type ExtremesChoice, isNetwork } from "./climate-extremes-choice.ts";
import type { CommandIo } from "./command.ts";
import { formatTable } from "./table.ts";
import { withTwin } from "./with-twin.ts";

/** `climate extremes --kind events` */
export async function findEvents(choice: ExtremesChoice, io: CommandIo): Promise<void> {
  const { anomaly } = await import("../core/index.ts");
  const { detectExtremes } = await import("../thematic/climate/index.ts");
  const { fitPeriod: period, percentile = 99, bySeason, gap, minSteps: minimumSteps } = choice;
  const by = choice.anomaly ?? (isNetwork(choice) ? "none" : "month");
  const { signal } = io;
  const maxBytes = choice.memory * 1e6;
  const facts = await withClimateData({ ...choice, texts: [".csv"] }, io, async ({ dataset, write }) => {
    const variable = (await seriesVariable(dataset, choice.var)).path.slice(1);
    io.progress(0, `reading ${variable}`);
    const data =
      by === "none" ? dataset : await anomaly(dataset, { by, period, variables: [variable], maxBytes, signal });
    return await withScorer(choice, { data, variable }, io, async (scorer) => {
      const doing = `scoring ${variable}`;
      const { events, scores } = await detectExtremes(data, {
        ...{ variable, scorer, bySeason, gap, minimumSteps, maxBytes, signal },
        threshold: choice.threshold ?? { quantile: percentile / 100, period },
        onProgress: (fraction) => io.progress(fraction, doing),
      });
      await write(scores, () => eventsCsv(events));
      return { variable, scorer: scorer.name, events };
    });
  });
  const { variable, scorer, events } = facts;
  const threshold = choice.threshold === undefined ? { percentile, period: period ?? null } : choice.threshold;
  if (io.json) {
    return io.printJson({
      kind: choice.kind,
      variable,
      scorer,
      anomaly: by,
      threshold,
      events,
      out: choice.out ?? null,
    });
  }
  const where = by === "none" ? "" : `, differences from the mean of the ${by}`;
  io.print(`${io.style.bold(variable)}: ${events.length} events by ${scorer}${where}`);
  if (events.length > 0) io.print(eventsTable(events));
  if (choice.out !== undefined) io.print(`${choice.out}: written`);
}

async function withScorer<T>(
  choice: ExtremesChoice,
  { data, variable }: { readonly data: Dataset; readonly variable: string },
  io: CommandIo,
  work: (scorer: AnomalyScorer) => Promise<T>,
): Promise<T> {
  const { signal } = io;
  const { fitEofScorer, modelScorer, seasonalScorer } = await import("../thematic/climate/index.ts");
  if (isNetwork(choice)) {
    const { createTwin } = await import("../core/index.ts");
    const { onnx } = await import("../modules/onnx/index.ts");
    const { warningLog } = await import("./warning-log.ts");
    const file = choice.scorer as string;
    const plugins = { network: onnx({ file: resolve(io.cwd, file), name: basename(file) }), log: warningLog(io) };
    const { modelOutput: output, modelUnit: unit, modelOffset: offset, modelScale: scale } = choice;
    return await withTwin(await createTwin({ name: "scorer", plugins, signal }), ({ network }) =>
      work(modelScorer(network, { output, unit, offset, scale })),
    );
  }
  const { modes: asked, fitPeriod: period } = choice;
  const modes = asked === undefined ? undefined : asked < 1 ? { explained: asked } : { count: asked };
  const fitted = async (season?: Season): Promise<AnomalyScorer> => {
    const doing = `fitting patterns${season === undefined ? "" : ` of ${season}`}`;
    return await fitEofScorer(data, {
      ...{ variable, period, season, modes, maxBytes: choice.memory * 1e6, signal },
      onProgress: (fraction) => io.progress(fraction, doing),
    });
  };
  if (!choice.bySeason) return await work(await fitted());
  const scorers: Partial<Record<Season, AnomalyScorer>> = {};
  for (const season of await seasonsOf(data, variable, signal)) scorers[season] = await fitted(season);
  return await work(seasonalScorer(scorers));
}

/** Seasons that the data have. */
async function seasonsOf(data: Dataset, variable: string, signal: AbortSignal): Promise<readonly Season[]> {
  const { findVariable, isTimeUnit, readTimeAxis } = await import("../core/index.ts");
  const dim = findVariable(data, variable).dims.find((each) => isTimeUnit(data.variables[each]?.unit ?? ""));
  const { month } = await readTimeAxis(data, { dim, signal });
  const all = ["DJF", "MAM", "JJA", "SON"] as const;
  const present = new Set(Array.from(month, (each) => Math.floor((each % 12) / 3)));
  return all.filter((_, number) => present.has(number));
}

/** Columns of `where` are named as the dimensions. */
function eventsCsv(events: readonly ExtremeEvent[]): string {
  const dims = dimsOf(events);
  const head = ["start", "end", "steps", "peak", "score", ...dims];
  const lines = events.map(({ start, end, steps: [first, last], peak, where }) =>
    [start, end, last - first + 1, peak.time, peak.score, ...dims.map((dim) => where?.[dim] ?? "")].join(","),
  );
  return `${[head.join(","), ...lines].join("\n")}\n`;
}

function eventsTable(events: readonly ExtremeEvent[]): string {
  const dims = dimsOf(events);
  const columns = ["start", "end", "steps", "peak", "score", ...dims].map((name) => ({ name }));
  const rows = events.map(({ start, end, steps: [first, last], peak, where }) => [
    ...[start, end, last - first + 1, peak.time, peak.score],
    ...dims.map((dim) => where?.[dim] ?? null),
  ]);
  return formatTable({ columns, rows });
}

function dimsOf(events: readonly ExtremeEvent[]): readonly string[] {
  return [...new Set(events.flatMap(({ where = {} }) => Object.keys(where)))];
}
