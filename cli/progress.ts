const BAR_WIDTH = 24;
const REDRAW_MS = 80;
const LINE_EVERY_MS = 5_000;
const CLEAR_LINE = "\r\u001b[2K";

/** Shows how far a command is on standard error: a bar that redraws itself on a terminal, a line now and then elsewhere. */
export class Progress {
  readonly #stream: NodeJS.WriteStream;
  readonly #startedMs = performance.now();
  #lastMs = Number.NEGATIVE_INFINITY;
  #lastDoing = "";
  #drawnLength = 0;

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
  }

  update(fraction: number, doing: string, details?: string): void {
    const now = performance.now();
    const elapsed = now - this.#lastMs;
    const isNew = doing !== this.#lastDoing;
    if (!isNew && elapsed < (this.#stream.isTTY ? REDRAW_MS : LINE_EVERY_MS)) return;
    this.#lastMs = now;
    this.#lastDoing = doing;
    const clamped = Math.min(1, Math.max(0, fraction));
    const percent = `${Math.floor(clamped * 100)} %`.padStart(5);
    const shown = details === undefined ? doing : `${doing}  ${details}`;
    if (this.#stream.isTTY) this.#draw(clamped, percent, shown);
    else this.#stream.write(`${percent}  ${shown}  (${((now - this.#startedMs) / 1_000).toFixed(1)} s)\n`);
  }

  /** Takes the bar off the terminal, so that other text may be printed. */
  clear(): void {
    if (this.#drawnLength > 0) this.#stream.write(CLEAR_LINE);
    this.#drawnLength = 0;
  }

  #draw(fraction: number, percent: string, doing: string): void {
    const filled = Math.round(fraction * BAR_WIDTH);
    const line = `${"█".repeat(filled)}${"░".repeat(BAR_WIDTH - filled)} ${percent}  ${doing}`;
    // A line wider than the terminal wraps, and a wrapped line cannot be redrawn.
    // A terminal that does not know its width says 0.
    const shown = line.slice(0, (this.#stream.columns || 80) - 1);
    this.#stream.write(`${CLEAR_LINE}${shown}`);
    this.#drawnLength = shown.length;
  }
}
