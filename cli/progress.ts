const BAR_WIDTH = 24;
const REDRAW_MS = 80;
const LINE_EVERY_MS = 5_000;
const CLEAR_LINE = "\r\u001b[2K";
const CLEAR_BELOW = "\u001b[J";
/** Left free of a terminal's height, so that what is drawn never scrolls away. */
const FREE_ROWS = 2;

/**
 * Shows how far a command is on standard error: a bar, or lines, that redraw themselves on a terminal; a line now and then
 * elsewhere.
 */
export class Progress {
  readonly #stream: NodeJS.WriteStream;
  readonly #startedMs = performance.now();
  #lastMs = Number.NEGATIVE_INFINITY;
  #lastDoing = "";
  /** Length of each line that is on the terminal. */
  #drawn: readonly number[] = [];

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
  }

  /** @param fraction - Where nobody knows, there is no bar. */
  update(fraction: number | undefined, doing: string, details?: string, lines: readonly string[] = []): void {
    const now = performance.now();
    const elapsed = now - this.#lastMs;
    const isNew = doing !== this.#lastDoing;
    if (!isNew && elapsed < (this.#stream.isTTY ? REDRAW_MS : LINE_EVERY_MS)) return;
    this.#lastMs = now;
    this.#lastDoing = doing;
    const shown = details === undefined ? doing : `${doing}  ${details}`;
    const clamped = Math.min(1, Math.max(0, fraction ?? 0));
    const percent = `${Math.floor(clamped * 100)} %`.padStart(5);
    if (this.#stream.isTTY) {
      const filled = Math.round(clamped * BAR_WIDTH);
      const bar = `${"█".repeat(filled)}${"░".repeat(BAR_WIDTH - filled)} ${percent}  `;
      this.#draw([`${fraction === undefined ? "" : bar}${shown}`, ...lines]);
      return;
    }
    const seconds = ((now - this.#startedMs) / 1_000).toFixed(1);
    this.#stream.write(`${fraction === undefined ? "" : `${percent}  `}${shown}  (${seconds} s)\n`);
  }

  /** Takes what is drawn off the terminal, so that other text may be printed. */
  clear(): void {
    if (this.#drawn.length > 0) this.#stream.write(this.#cleared());
    this.#drawn = [];
  }

  #draw(lines: readonly string[]): void {
    // A line wider than the terminal wraps, and a wrapped line cannot be redrawn.
    // A terminal that does not know its size says 0.
    const width = (this.#stream.columns || 80) - 1;
    const height = Math.max(1, (this.#stream.rows || 24) - FREE_ROWS);
    const shown = lines.slice(0, height).map((line) => [...line].slice(0, width).join(""));
    this.#stream.write(`${this.#cleared() || CLEAR_LINE}${shown.join("\n")}`);
    this.#drawn = shown.map((line) => [...line].length);
  }

  /** What takes off what is drawn; lines that a terminal has wrapped since, because it is narrower now, take more rows. */
  #cleared(): string {
    if (this.#drawn.length === 0) return "";
    const width = this.#stream.columns || 80;
    const rows = this.#drawn.reduce((sum, length) => sum + Math.max(1, Math.ceil(length / width)), 0);
    return rows === 1 ? CLEAR_LINE : `\r\u001b[${rows - 1}A${CLEAR_BELOW}`;
  }
}
