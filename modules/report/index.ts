/**
 * Reports for people: tables and figures as one HTML page that needs nothing else, drawn with Vega.
 *
 * @example
 * await using twin = await createTwin({ name: "demo", plugins: { report: report() } });
 * const page = await twin.report.html({ title: "Ten showers", sections: [] });
 *
 * @packageDocumentation
 */
import { definePlugin, type PluginFactory, Report } from "../../core/index.ts";
import { PageReport } from "./page-report.ts";
import { reportTask } from "./report-task.ts";

export { InvalidReportError } from "./errors.ts";
export { reportDocumentSchema } from "./report-schema.ts";
export { reportTask } from "./report-task.ts";

/**
 * Provides {@link Report}, and the task `report`: `report.json` in, `report.html` out. Needs the optional peer `vega`.
 *
 * Every figure has the same width and the same place for its axes, so that figures line up on a page and on a slide.
 * Those with names on their x axis are wider, a row for each name, and as high as that takes.
 * Series are told apart by colour (safe for all colour visions) and, without colour, by dash or marker.
 *
 * `html` and `svg` throw {@link InvalidReportError} for a document whose parts do not fit together, and
 * `TWIN_PACKAGE_MISSING` when Vega is not installed.
 */
export const report: PluginFactory<Record<never, never>, Report> = definePlugin({
  name: "twinloom/modules/report",
  version: "0.1.0",
  provides: Report,
  tasks: [reportTask],
  create: () => new PageReport(),
});
