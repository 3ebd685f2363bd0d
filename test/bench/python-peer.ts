import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

/** A Python process that answers commands: one JSON object a line, and one for it. */
export class PythonPeer {
  readonly #process: ChildProcess;
  readonly #answers: AsyncIterator<string>;

  /** @param script - In this folder. */
  constructor(script: string) {
    const python = execFileSync(here("../../scripts/python-venv.sh"), { encoding: "utf8" }).trim();
    this.#process = spawn(python, [here(script)], { stdio: ["pipe", "pipe", "inherit"] });
    if (this.#process.stdout === null) throw new Error("The peer has no output.");
    this.#answers = createInterface({ input: this.#process.stdout })[Symbol.asyncIterator]();
  }

  async ask(command: object): Promise<Readonly<Record<string, unknown>>> {
    this.#process.stdin?.write(`${JSON.stringify(command)}\n`);
    const { value, done } = await this.#answers.next();
    if (done) throw new Error("The peer has ended; its message is above.");
    return JSON.parse(value);
  }

  stop(): void {
    this.#process.stdin?.end();
  }
}
