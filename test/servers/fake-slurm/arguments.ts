/** Options and operands of a command line. */
export interface Arguments {
  has(name: string): boolean;
  get(name: string): string | undefined;
  readonly operands: readonly string[];
}

/**
 * Reads a command line.
 *
 * @param letters - Long names of short options; those that take a value end with `=`, here and in `names`.
 */
export function readArguments(
  program: string,
  args: readonly string[],
  letters: Readonly<Record<string, string>>,
  names: readonly string[] = [],
): Arguments {
  const all = [...Object.values(letters), ...names];
  const values = new Map<string, string>();
  const operands: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const arg = args[i] as string;
    const long = /^--([A-Za-z-]+)(?:=(.*))?$/s.exec(arg);
    const short = /^-([A-Za-z])(.*)$/s.exec(arg);
    if (long === null && short === null) {
      operands.push(arg);
      continue;
    }
    const name = long === null ? letters[short?.[1] as string]?.replace(/=$/, "") : long[1];
    if (name !== undefined && all.includes(`${name}=`)) {
      values.set(name, (long === null ? short?.[2] || undefined : long[2]) ?? args[++i] ?? "");
    } else if (name !== undefined && all.includes(name)) {
      values.set(name, "");
      // Flags may stand together: -hr.
      if (short?.[2]) args = [...args.slice(0, i + 1), `-${short[2]}`, ...args.slice(i + 1)];
    } else throw new Error(`The fake ${program} has no option ${arg}.`);
  }
  return { has: (name) => values.has(name), get: (name) => values.get(name), operands };
}
