/**
 * One command of the command line, as data: the parser, `--help`, `--json` and `docs/reference/cli.md` are made of it.
 * A file in `commands/` holds one; `commands/index.ts` lists them. What is heavy (the engine, plugins) is imported inside
 * `run`, so that `twinloom --help` stays fast.
 *
 * @example
 * export const dataInfo: Command = defineCommand({
 *   path: ["data", "info"],
 *   summary: "Show what a file holds",
 *   arguments: { file: { description: "file to look into" } },
 *   options: { depth: { kind: "integer", placeholder: "n", description: "levels of groups to show", min: 1 } },
 *   example: "twinloom data info showers.h5",
 *   run: async ({ file }, { depth }, io) => {
 *     const { openTwin } = await import("../composition.ts");
 *     …
 *     if (io.json) io.printJson(facts);
 *     else io.print(formatTable(columns, rows));
 *   },
 * });
 */
export interface CommandDefinition<A extends ArgumentDefinitions, O extends OptionDefinitions> {
  /** Words after `twinloom`; two at most: `["data", "info"]`. */
  readonly path: readonly [string] | readonly [string, string];
  /** One line for the overview, without a full stop. */
  readonly summary: string;
  /** More for the command's own help, in whole sentences. */
  readonly description?: string;
  /** Positional arguments, in order, under their names. */
  readonly arguments?: A;
  /** Options under their camelCase names: `energyMev` is `--energy-mev`. Every command also has `--json`. */
  readonly options?: O;
  /** One or more command lines that work, for the help. */
  readonly example: string | readonly string[];
  /**
   * Does the work. To fail, throw: a `TwinError`, or `UsageError` of `cli/errors.ts` when what was typed cannot be right.
   */
  run(args: ArgumentValues<A>, options: OptionValues<O>, io: CommandIo): Promise<void>;
}

/** A command whose argument types have been checked and are no longer of interest. */
export interface Command {
  readonly path: readonly [string] | readonly [string, string];
  readonly summary: string;
  readonly description?: string;
  readonly arguments: ArgumentDefinitions;
  readonly options: OptionDefinitions;
  readonly examples: readonly string[];
  run(
    args: Readonly<Record<string, unknown>>,
    options: Readonly<Record<string, unknown>>,
    io: CommandIo,
  ): Promise<void>;
}

/** Declares a command; infers the types of its arguments and options. */
export function defineCommand<
  const A extends ArgumentDefinitions = Record<never, never>,
  const O extends OptionDefinitions = Record<never, never>,
>(definition: CommandDefinition<A, O>): Command {
  const { arguments: args = {}, options = {}, example, run, ...rest } = definition;
  return {
    ...rest,
    arguments: args,
    options,
    examples: typeof example === "string" ? [example] : example,
    // The parser makes the values by these very definitions.
    run: run as Command["run"],
  };
}

/** A positional argument. `many` takes one or more and must be the last; `optional` may be left out. */
export interface ArgumentDefinition {
  readonly description: string;
  readonly optional?: true;
  readonly many?: true;
}
/** Positional arguments in order. */
export type ArgumentDefinitions = Readonly<Record<string, ArgumentDefinition>>;

interface AnyOption {
  /** What it does, lower case, without a full stop; units in square brackets. */
  readonly description: string;
  /** One-letter form: `"n"` is `-n`. */
  readonly short?: string;
}

interface ValueOption extends AnyOption {
  /** Name of the value in the help: `"file"` is shown as `<file>`. */
  readonly placeholder: string;
  /** The command cannot do without. */
  readonly required?: true;
}

/** `--name`: true when given. */
export interface FlagOption extends AnyOption {
  readonly kind: "flag";
}

/** `--name <text>`, never an empty one; with `many`, repeatable. */
export interface TextOption extends ValueOption {
  readonly kind: "text";
  readonly default?: string;
  readonly choices?: readonly string[];
  readonly many?: true;
}

/** `--name <number>`; `integer` allows whole numbers up to 2^53 only. `min` and `max` are allowed, `above` is not. */
export interface NumberOption extends ValueOption {
  readonly kind: "number" | "integer";
  readonly default?: number;
  readonly min?: number;
  readonly max?: number;
  readonly above?: number;
}

/** `--name <whole number>` of any size, as a bigint: seeds. Ends of the range are allowed. */
export interface BigIntOption extends ValueOption {
  readonly kind: "bigint";
  readonly default?: bigint;
  readonly min?: bigint;
  readonly max?: bigint;
}

/** One option of a command. */
export type OptionDefinition = FlagOption | TextOption | NumberOption | BigIntOption;
/** Options by name. */
export type OptionDefinitions = Readonly<Record<string, OptionDefinition>>;

/** What `run` gets for its arguments. */
export type ArgumentValues<A extends ArgumentDefinitions> = {
  readonly [K in keyof A]: A[K] extends { readonly many: true }
    ? readonly string[]
    : A[K] extends { readonly optional: true }
      ? string | undefined
      : string;
};

/** What `run` gets for its options. */
export type OptionValues<O extends OptionDefinitions> = {
  readonly [K in keyof O]: O[K] extends { readonly kind: "flag" }
    ? boolean
    : O[K] extends { readonly many: true }
      ? readonly string[]
      : O[K] extends { readonly required: true } | { readonly default: string | number | bigint }
        ? OptionValue<O[K]>
        : OptionValue<O[K]> | undefined;
};

type OptionValue<O> = O extends { readonly kind: "bigint" }
  ? bigint
  : O extends { readonly kind: "number" | "integer" }
    ? number
    : O extends { readonly choices: readonly (infer C)[] }
      ? C
      : string;

/** How a command talks to the world; nothing else writes to standard output or standard error. */
export interface CommandIo {
  /** `--json` was given: the one thing on standard output is one JSON value. */
  readonly json: boolean;
  /** Aborted by the first SIGINT or SIGTERM; pass it to everything long. A second one ends the process at once. */
  readonly signal: AbortSignal;
  /** Folder that relative paths start from. */
  readonly cwd: string;
  readonly stdin: NodeJS.ReadableStream;
  /** Whether progress redraws itself, on a terminal. */
  readonly redraws: boolean;
  /** Emphasis for people: colours on a terminal, nothing elsewhere or with NO_COLOR. */
  readonly style: Style;
  /** Prints text and a line end for people; nothing with `--json`. */
  print(text: string): void;
  /**
   * Prints one JSON value on one line, with or without `--json`. Typed arrays become arrays; integers beyond 2^53 become
   * strings; NaN and infinities become null.
   */
  printJson(value: unknown): void;
  /** Writes text as it is to standard output, and waits while the reader is slow: for output too large for one string. */
  write(text: string): Promise<void>;
  /** Prints a line on standard error, with or without `--json`. */
  warn(text: string): void;
  /**
   * Tells how far the work is, 0 to 1 or, where nobody knows, `undefined`: a bar on a terminal, now and then a line elsewhere,
   * nothing with `--json`. What is done is shown at once when it changes; `details` change all the time, and so do `lines`, which
   * are below it on a terminal, and nowhere else.
   */
  progress(fraction: number | undefined, doing: string, details?: string, lines?: readonly string[]): void;
}

/** Emphasis; each returns its text, with terminal codes where standard output is a terminal. */
export interface Style {
  bold(text: string): string;
  dim(text: string): string;
  red(text: string): string;
  green(text: string): string;
  yellow(text: string): string;
}
