import { describe, expect, it } from "vitest";
import { readRepositoryFile, repositoryFiles } from "./repository.ts";

const sources = ["core", "modules", "thematic", "cli", "test/conformance"].flatMap((folder) => [
  ...repositoryFiles(`${folder}/*.ts`, `${folder}/*.js`),
]);
const texts = new Map(sources.map((path) => [path, readRepositoryFile(path)]));

/** Codes that an error class of ours carries, or (the members of a union) one of the problems it lists. */
const declared = new Set(
  [...texts.values()].flatMap((text) =>
    [...text.matchAll(/(?:\bcode(?:: \w+)? =|^\s+\|) "(TWIN_[A-Z0-9_]+)"/gm)].map(([, code]) => code as string),
  ),
);

const page = readRepositoryFile("docs/errors.md");
const sections = page
  .split(/^(?=### )/m)
  .slice(1)
  .map((section) => ({ code: /^### `(TWIN_[A-Z0-9_]+)`\n/.exec(section)?.[1] ?? section.split("\n")[0], section }));

describe("docs/errors.md", () => {
  it("has a section for every code of the source, and no other", () => {
    const documented = sections.map(({ code }) => code);
    expect(documented.filter((code, index) => documented.indexOf(code) !== index)).toEqual([]);
    expect(new Set(documented)).toEqual(declared);
  });

  it("says of every code what it means, what its message looks like, and what to do", () => {
    const incomplete = sections.filter(
      ({ section }) => !/^### [^\n]*\n\n[A-Z`].*?\n\n> \S.*?\n\n\*\*What to do\.\*\* \S/s.test(section),
    );
    expect(incomplete.map(({ code }) => code)).toEqual([]);
  });
});

describe("the source", () => {
  it("has no word like an error code that no class carries", () => {
    const unknown = [...texts].flatMap(([path, text]) =>
      [...text.matchAll(/\bTWIN_[A-Z0-9_]*[A-Z0-9]\b/g)]
        .filter(([word]) => !declared.has(word))
        .map(([word]) => `${path}: ${word}`),
    );
    expect([...new Set(unknown)]).toEqual([]);
  });
});
