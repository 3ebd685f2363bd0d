import type { Figure, Report, ReportDocument } from "../../core/index.ts";
import { renderFigure } from "./figure/render-svg.ts";
import { htmlPage } from "./page/html-page.ts";
import { checkFigureValue, checkReportDocument } from "./report-schema.ts";

/** Renders reports with Vega. */
export class PageReport implements Report {
  async html(document: ReportDocument, options: { readonly signal?: AbortSignal } = {}): Promise<string> {
    return await htmlPage(checkReportDocument(document), options);
  }

  async svg(figure: Figure, options: { readonly signal?: AbortSignal } = {}): Promise<string> {
    const { svg } = await renderFigure(checkFigureValue(figure), "figure", options);
    return svg;
  }
}
