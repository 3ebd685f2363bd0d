import { readFile } from "node:fs/promises";
import { z } from "zod";
import { type AnyTask, defineTask, FileNotFoundError, Report, writeFileAtomically } from "../../core/index.ts";
import { InvalidReportError } from "./errors.ts";
import { checkReportDocument } from "./report-schema.ts";

/** The task that makes a page of a `report.json`. */
export const reportTask: AnyTask = defineTask({
  name: "report",
  description: "Renders a report document as one self-contained HTML page.",
  parameters: z.strictObject({}),
  needs: { report: Report },
  inputs: { document: { description: "report document, JSON" } },
  outputs: { page: { description: "the page, HTML without anything to load", file: "report.html" } },
  run: async ({ needs, inputs, outputs, signal, progress }) => {
    const document = checkReportDocument(await readJson(inputs.document as string, signal));
    progress(0.1, "drawing figures");
    const html = await needs.report.html(document, { signal });
    await writeFileAtomically(outputs.page, html, { signal, existing: "replace" });
    const items = document.sections.flatMap((section) => section.items);
    return {
      title: document.title,
      sections: document.sections.length,
      figures: items.filter(({ kind }) => kind !== "table").length,
      tables: items.filter(({ kind }) => kind === "table").length,
    };
  },
});

async function readJson(path: string, signal: AbortSignal): Promise<unknown> {
  const text = await readFile(path, { encoding: "utf8", signal }).catch((cause: unknown) => {
    throw cause instanceof Error && "code" in cause && cause.code === "ENOENT" ? new FileNotFoundError(path) : cause;
  });
  try {
    return JSON.parse(text);
  } catch (cause) {
    const message = `It is not JSON: ${(cause as Error).message}`;
    throw new InvalidReportError(`The report ${path}`, [{ path: [], message }], { cause });
  }
}
