/** What the recipe tells of how far it is. */
export class TrainingProgress {
  /** 0 to 1. */
  fraction = 0;
  /** Name of what it makes, once it has told. */
  name: string | undefined;
  readonly #tell: (fraction: number, doing: string) => void;
  #stages: readonly string[] = [];

  constructor(tell: (fraction: number, doing: string) => void) {
    this.#tell = tell;
  }

  /** A line of its output: `plan smoke-gan: layers warm adversarial`, `progress warm 0.5`. Others are for people. */
  hear(line: string): void {
    const plan = /^plan (\S+): (.+)$/.exec(line);
    if (plan) {
      this.name = plan[1];
      this.#stages = (plan[2] as string).split(" ");
      return;
    }
    const [, stage, part] = /^progress (\S+) ([\d.]+)$/.exec(line) ?? [];
    const index = this.#stages.indexOf(stage ?? "");
    if (index < 0) return;
    // What comes after training, export and evidence, is not announced: it has the time of one stage.
    this.fraction = (index + Number(part)) / (this.#stages.length + 1);
    this.#tell(this.fraction, `training (${stage})`);
  }
}
