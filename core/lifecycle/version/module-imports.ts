/** What the text of a module refers to. */
export interface ModuleImports {
  /** Specifiers of imports, as they are written; `./x.wasm` for `new URL("x.wasm", import.meta.url)`. */
  readonly specifiers: readonly string[];
  /** Whether something is imported whose name is made while the module runs. */
  readonly hasComputed: boolean;
}

// White space and comments, which may stand between any two tokens.
const GAP = String.raw`(?:\s|\/\*[^]*?\*\/|\/\/[^\n]*\n)*`;
const STATIC = new RegExp(String.raw`\b(?:from|import)${GAP}(["'])([^"'\n]+)\1`, "g");
const CALLED = new RegExp(
  String.raw`\b(?:import|require|require\.resolve|import\.meta\.resolve)${GAP}\(${GAP}(["'\x60])([^"'\x60$\n]+)\1`,
  "g",
);
const ASSET = new RegExp(
  String.raw`\bnew\s+URL${GAP}\(${GAP}(["'\x60])([^"'\x60$\n]+)\1${GAP},${GAP}import\.meta\.url`,
  "g",
);
const COMPUTED = new RegExp(String.raw`\b(?:import|require)${GAP}\(${GAP}(?:[\w$]|\x60[^\x60]*\$\{)`);

/**
 * Finds what a module in JavaScript or TypeScript imports. A search for the forms that imports have, no parser: what looks
 * like one in a comment or a text is found too, and that costs a file more; nothing that Node would load is missed but
 * what has a computed name.
 */
export function moduleImports(text: string): ModuleImports {
  const imported = [STATIC, CALLED].flatMap((form) => [...text.matchAll(form)].map((match) => match[2] as string));
  const assets = [...text.matchAll(ASSET)].map((match) => match[2] as string);
  const relative = assets.map((asset) => (/^(?:\.{0,2}\/|[a-z][a-z0-9+.-]*:)/i.test(asset) ? asset : `./${asset}`));
  return { specifiers: [...new Set([...imported, ...relative])], hasComputed: COMPUTED.test(text) };
}

/** The package of a specifier such as `@scope/name/sub`; `undefined` for a path, a URL, or an import of the package's own. */
export function packageOf(specifier: string): string | undefined {
  return /^((?:@[a-z0-9~_.-][a-z0-9~_.-]*\/)?[a-z0-9~-][a-z0-9~_.-]*)(?:\/.*)?$/i.exec(specifier)?.[1];
}
