import { createHash } from "node:crypto";
import type { Picture, Report, ReportDocument } from "../../core/index.ts";
import { renderFigure } from "./figure/render-svg.ts";
import { htmlPage } from "./page/html-page.ts";
import { checkFigureValue, checkReportDocument } from "./report-schema.ts";

/** Renders reports with Vega. */
export class PageReport implements Report {
  async html(document: ReportDocument, options: { readonly signal?: AbortSignal } = {}): Promise<string> {
    return await htmlPage(checkReportDocument(document), options);
  }

  async svg(figure: Picture, options: { readonly signal?: AbortSignal } = {}): Promise<string> {
    const checked = checkFigureValue(figure);
    // Drawings are put together on pages: their ids must differ.
    const id = `figure-${digestOf(checked).slice(0, 12)}`;
    return (await renderFigure(checked, id, options)).svg;
  }
}

function digestOf(figure: Picture): string {
  return createHash("sha256").update(JSON.stringify(figure)).digest("hex");
}
