/** One promise of a contract. */
export interface ConformanceCase<Fixture> {
  /** A sentence. */
  readonly name: string;
  /** Rejects when the promise is broken. */
  run(fixture: Fixture): Promise<void>;
}

/** What a test runner offers; vitest and `node:test` both do. */
export interface TestRunner {
  /** Groups tests. */
  describe(name: string, body: () => void): unknown;
  /** Registers a test. */
  readonly it: {
    (name: string, body: () => Promise<void>): unknown;
    /** Registers a test that is not run. */
    skip(name: string, body: () => Promise<void>): unknown;
  };
}

/** How a conformance suite is run. */
export interface ConformanceOptions {
  /** Cases that cannot hold, by name, each with the reason. */
  readonly skip?: Readonly<Record<string, string>>;
  /** The runner; vitest by default. */
  readonly runner?: TestRunner;
}

// Outside of a vitest run the import fails: another runner is then passed in.
const vitest: TestRunner | undefined = await import("vitest").then(
  ({ describe, it }) => ({ describe, it }) as TestRunner,
  () => undefined,
);

/** Registers one test per case, each with a fixture of its own. */
export function register<Fixture extends { dispose?(): Promise<void> }>(
  contract: string,
  cases: readonly ConformanceCase<Fixture>[],
  setup: () => Promise<Fixture>,
  options: ConformanceOptions = {},
): void {
  const { skip = {}, runner = vitest } = options;
  if (!runner) throw new Error("Run the conformance suites with vitest, or pass { describe, it } as `runner`.");
  const unknown = Object.keys(skip).filter((name) => !cases.some((each) => each.name === name));
  if (unknown.length > 0) throw new Error(`${contract} conformance has no case "${unknown.join('", "')}" to skip.`);
  runner.describe(`${contract} conformance`, () => {
    for (const { name, run } of cases) {
      const reason = skip[name];
      const test = async (): Promise<void> => {
        const fixture = await setup();
        try {
          await run(fixture);
        } finally {
          await fixture.dispose?.();
        }
      };
      if (reason === undefined) runner.it(name, test);
      else runner.it.skip(`${name} (${reason})`, test);
    }
  });
}
