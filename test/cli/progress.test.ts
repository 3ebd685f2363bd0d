import { describe, expect, it } from "vitest";
import { Progress } from "../../cli/progress.ts";

/** A terminal that knows carriage return, line feed, cursor up, and erasing; lines that do not fit wrap. */
class Terminal {
  readonly isTTY = true;
  columns = 40;
  rows = 10;
  #lines: string[] = [""];
  #row = 0;
  #column = 0;

  write(text: string): boolean {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters meant.
    for (const [part] of text.matchAll(/\u001b\[\d*[A-Z]|[^\u001b]/gu)) this.#take(part);
    return true;
  }

  get screen(): readonly string[] {
    return this.#lines.map((line) => line.trimEnd());
  }

  /** Wraps what is there as a terminal does that is made narrower; the cursor stays behind the last character. */
  narrow(columns: number): void {
    this.columns = columns;
    this.#lines = this.#lines.flatMap((line) => line.match(new RegExp(`.{1,${columns}}`, "gu")) ?? [""]);
    this.#row = this.#lines.length - 1;
    this.#column = (this.#lines[this.#row] as string).length;
  }

  #take(part: string): void {
    const count = Number(part.slice(2, -1) || 1);
    if (part === "\r") this.#column = 0;
    else if (part === "\n") {
      this.#row++;
      this.#column = 0;
      this.#lines[this.#row] ??= "";
    } else if (part.endsWith("A") && part.startsWith("\u001b")) this.#row -= count;
    else if (part === "\u001b[2K") this.#lines[this.#row] = "";
    else if (part === "\u001b[J") {
      this.#lines.length = this.#row + 1;
      this.#lines[this.#row] = (this.#lines[this.#row] as string).slice(0, this.#column);
    } else {
      const line = (this.#lines[this.#row] as string).padEnd(this.#column);
      this.#lines[this.#row] = line.slice(0, this.#column) + part + line.slice(this.#column + 1);
      this.#column++;
    }
  }
}

const on = (terminal: object): Progress => new Progress(terminal as NodeJS.WriteStream);

describe("progress on a terminal", () => {
  it("draws lines in place, whether they become more or fewer, and takes them off", () => {
    const terminal = new Terminal();
    const progress = on(terminal);
    progress.update(undefined, "watching", "10 events", ["gain 1.03", "coefficient 0"]);
    expect(terminal.screen).toEqual(["watching  10 events", "gain 1.03", "coefficient 0"]);
    progress.update(undefined, "estimating", "20 events", ["gain 1.04"]);
    expect(terminal.screen).toEqual(["estimating  20 events", "gain 1.04"]);
    progress.clear();
    terminal.write("a decision\n");
    progress.update(undefined, "proving", "30 events", ["gain 1.05", "x", "y"]);
    expect(terminal.screen).toEqual(["a decision", "proving  30 events", "gain 1.05", "x", "y"]);
    progress.update(0.5, "settling");
    expect(terminal.screen[1]).toMatch(/^█+░+ {2}50 % {2}settli/);
    expect(terminal.screen).toHaveLength(2);
    progress.clear();
    progress.clear();
    expect(terminal.screen).toEqual(["a decision", ""]);
  });

  it("draws no more than there is room for", () => {
    const terminal = new Terminal();
    const progress = on(terminal);
    const lines = Array.from({ length: 20 }, (_, i) => `${i} ${"x".repeat(60)}`);
    progress.update(undefined, "watching", "", lines);
    expect(terminal.screen).toHaveLength(8);
    expect(Math.max(...terminal.screen.map(({ length }) => length))).toBe(39);
  });

  it("finds its lines again when the terminal was made narrower", () => {
    const terminal = new Terminal();
    const progress = on(terminal);
    progress.update(undefined, "watching", "", ["a".repeat(39), "b"]);
    terminal.narrow(20);
    expect(terminal.screen).toHaveLength(4);
    progress.update(undefined, "proving", "", ["c"]);
    expect(terminal.screen).toEqual(["proving", "c"]);
  });
});

describe("progress elsewhere", () => {
  it("is a line without those below it", () => {
    let text = "";
    const progress = on({ write: (part: string) => (text += part) });
    progress.update(undefined, "watching", "10 events", ["gain 1.03"]);
    progress.update(undefined, "watching", "20 events", ["gain 1.03"]);
    progress.clear();
    expect(text).toMatch(/^watching {2}10 events {2}\(0\.\d s\)\n$/);
  });
});
