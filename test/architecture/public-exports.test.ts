import { join } from "node:path";
import ts from "typescript";
import { expect, it } from "vitest";
import { REPOSITORY, readRepositoryFile } from "./repository.ts";

const { exports: subpaths } = JSON.parse(readRepositoryFile("package.json")) as {
  exports: Readonly<Record<string, string | { readonly "@twinloom/source": string }>>;
};

/** `function createTwin`, `interface Twin`, …: what a front door offers, sorted by name. */
function exportsOf(files: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const config = ts.readConfigFile(join(REPOSITORY, "tsconfig.json"), ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent(config.config, ts.sys, REPOSITORY);
  const program = ts.createProgram({ rootNames: files.map((file) => join(REPOSITORY, file)), options });
  const checker = program.getTypeChecker();
  return new Map(
    files.map((file) => {
      const source = program.getSourceFile(join(REPOSITORY, file));
      const symbol = source && checker.getSymbolAtLocation(source);
      const names =
        symbol === undefined ? [] : checker.getExportsOfModule(symbol).map((exported) => describe(exported, checker));
      return [file, names.sort((a, b) => (sortKey(a) < sortKey(b) ? -1 : 1))];
    }),
  );
}

function describe(exported: ts.Symbol, checker: ts.TypeChecker): string {
  const symbol = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported;
  const kinds = [
    [ts.SymbolFlags.Class, "class"],
    [ts.SymbolFlags.Function, "function"],
    [ts.SymbolFlags.Interface, "interface"],
    [ts.SymbolFlags.TypeAlias, "type"],
    [ts.SymbolFlags.Variable, "const"],
  ] as const;
  const words = kinds.filter(([flag]) => symbol.flags & flag).map(([, word]) => word);
  return `${words.join(" + ")} ${exported.name}`;
}

function sortKey(line: string): string {
  return line.slice(line.lastIndexOf(" ") + 1);
}

it("what the front doors offer changes only on purpose", async () => {
  const doors = Object.entries(subpaths).flatMap(([subpath, target]) =>
    typeof target === "string"
      ? []
      : [{ subpath: subpath.replace(/^\./, "twinloom"), file: target["@twinloom/source"] }],
  );
  const offered = exportsOf(doors.map(({ file }) => file));
  const listing = doors.map(({ subpath, file }) => `# ${subpath}\n${offered.get(file)?.join("\n")}\n`).join("\n");
  await expect(listing).toMatchFileSnapshot("public-exports.txt");
});
