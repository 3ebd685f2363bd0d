import { once } from "node:events";
import type { CommandIo } from "./command.ts";
import { jsonText } from "./json-text.ts";
import { Progress } from "./progress.ts";
import { styleFor, wantsColour } from "./style.ts";

/** The {@link CommandIo} of this process. */
export class TerminalIo implements CommandIo {
  readonly json: boolean;
  readonly signal: AbortSignal;
  readonly cwd: string = process.cwd();
  readonly stdin: NodeJS.ReadableStream = process.stdin;
  readonly redraws: boolean = process.stderr.isTTY === true;
  readonly style: CommandIo["style"] = styleFor(wantsColour(process.stdout, process.env));
  readonly #progress = new Progress(process.stderr);

  constructor(options: { readonly json: boolean; readonly signal: AbortSignal }) {
    this.json = options.json;
    this.signal = options.signal;
  }

  print(text: string): void {
    if (!this.json) this.#out(`${text}\n`);
  }

  printJson(value: unknown): void {
    this.#out(`${jsonText(value)}\n`);
  }

  async write(text: string): Promise<void> {
    this.#progress.clear();
    if (!process.stdout.write(text)) await once(process.stdout, "drain", { signal: this.signal });
  }

  warn(text: string): void {
    this.#progress.clear();
    process.stderr.write(`${text}\n`);
  }

  progress(fraction: number | undefined, doing: string, details?: string, lines?: readonly string[]): void {
    if (!this.json) this.#progress.update(fraction, doing, details, lines);
  }

  /** Leaves the terminal clean. */
  close(): void {
    this.#progress.clear();
  }

  #out(text: string): void {
    this.#progress.clear();
    process.stdout.write(text);
  }
}
