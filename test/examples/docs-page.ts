import { execFile } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";

/** A fenced block of a page. `text` is what the command before it prints. */
export interface DocsBlock {
  readonly language: string;
  /** The file that the reader is told to write, from `file=…` after the language. */
  readonly file?: string;
  readonly text: string;
  readonly line: number;
  /** From the comment `<!-- not run: … -->` above the block. */
  readonly notRun?: string;
}

/** Languages of pictures and of plain text. */
const INERT = new Set(["mermaid", "text"]);

/** The fenced blocks of a Markdown page, in order. */
export function blocksOf(markdown: string): readonly DocsBlock[] {
  const fences =
    /(?:^<!-- not run: (?<reason>[^\n]+?) -->\n+)?^```(?<language>\w*)(?: file=(?<file>\S+))?\n(?<text>.*?)^```$/gms;
  return [...markdown.matchAll(fences)].map((match) => {
    const { reason, language = "", file, text = "" } = match.groups ?? {};
    const line = markdown.slice(0, match.index).split("\n").length;
    return { language, text, line, ...(file && { file }), ...(reason && { notRun: reason }) };
  });
}

/** Whether a block does something when the page is run. */
export function isRun({ notRun, language, file }: DocsBlock): boolean {
  return notRun === undefined && (language === "sh" || file !== undefined);
}

/** Blocks that are neither run, nor output or pictures, nor say why they are not run. */
export function silentBlocks(markdown: string): readonly DocsBlock[] {
  return blocksOf(markdown).filter(
    (block) => !isRun(block) && block.notRun === undefined && !INERT.has(block.language),
  );
}

/**
 * Does what a page tells its reader: writes the files, runs the commands, and compares what they print with the text
 * blocks after them, where `…` stands for anything.
 *
 * @param folder - Where the reader sits.
 */
export async function runPage(
  markdown: string,
  folder: string,
  environment: NodeJS.ProcessEnv = process.env,
): Promise<void> {
  let printed = "";
  for (const block of blocksOf(markdown).filter((candidate) => candidate.notRun === undefined)) {
    if (block.file !== undefined) {
      await mkdir(dirname(join(folder, block.file)), { recursive: true });
      await writeFile(join(folder, block.file), block.text);
    } else if (block.language === "sh") {
      printed = await runShell(block, folder, environment);
    } else if (block.language === "text" && !matches(printed, block.text)) {
      throw new Error(`Line ${block.line}: the page promises\n${block.text}\nbut the command printed\n${printed}`);
    }
  }
}

/** Runs a block of commands; returns what they print, fails when they fail. */
export async function runShell(
  { text, line }: DocsBlock,
  folder: string,
  environment: NodeJS.ProcessEnv,
): Promise<string> {
  const options = { cwd: folder, maxBuffer: 64e6, env: { ...environment, NO_COLOR: "1", CI: "1" } };
  const running = promisify(execFile)("bash", ["-euo", "pipefail", "-c", text], options);
  running.child.stdin?.end();
  const { stdout } = await running.catch((failed: { stdout: string; stderr: string }) => {
    throw new Error(`Line ${line}: the command failed.\n${text}\n${failed.stdout}\n${failed.stderr}`);
  });
  return stdout;
}

/** Whether output reads as promised: `…` stands for any text, a line `…` for any lines. */
export function matches(output: string, promised: string): boolean {
  const escaped = promised.trim().replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
  const pattern = escaped.replaceAll(/^…$/gm, "[^]*?").replaceAll("…", "[^\n]*?");
  const trimmed = output.replaceAll(/[ \t]+$/gm, "").trim();
  return new RegExp(`^${pattern}$`).test(trimmed);
}
