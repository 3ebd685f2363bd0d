import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, it } from "vitest";
import { REPOSITORY, readRepositoryFile, repositoryFiles } from "./repository.ts";

const pages = repositoryFiles("*.md").filter((path) => !path.startsWith("test/fixtures/"));

/** The page without its code: what looks like a link there is none. */
function prose(text: string): string {
  return text.replaceAll(/^```.*?^```$/gms, "").replaceAll(/`[^`\n]*`/g, "");
}

/** Anchors of a page's headings, as GitHub makes them. */
function anchors(text: string): ReadonlySet<string> {
  const headings = [...text.replaceAll(/^```.*?^```$/gms, "").matchAll(/^#{1,6} (.+)$/gm)].map(
    ([, heading]) => heading as string,
  );
  return new Set(
    headings.map((heading) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}_ -]/gu, "")
        .replaceAll(" ", "-"),
    ),
  );
}

it("every relative link of a page leads to a file, and to a heading where it names one", () => {
  const dead = pages.flatMap((page) => {
    const text = readRepositoryFile(page);
    const targets = [...prose(text).matchAll(/\]\(([^)\s]+)\)|<(?:img|a)[^>]+(?:src|href)="([^"]+)"/g)].map(
      ([, link, html]) => (link ?? html) as string,
    );
    return targets
      .filter((target) => !/^[a-z]+:/.test(target))
      .filter((target) => {
        const [path = "", anchor] = target.split("#");
        const file = path === "" ? page : join(dirname(page), path);
        if (!existsSync(join(REPOSITORY, file))) return true;
        return anchor !== undefined && file.endsWith(".md") && !anchors(readRepositoryFile(file)).has(anchor);
      })
      .map((target) => `${page}: ${target}`);
  });
  expect(dead).toEqual([]);
});

it("every page of docs/ opens with what its reader will be able to do or find", () => {
  const silent = pages
    .filter((page) => page.startsWith("docs/") && !/^docs\/(?:decisions|reference)\//.test(page))
    .filter((page) => !/^# [^\n]+\n\n(?:\S[^\n]*\n)*?[^\n]*\byou (?:can|will|know)\b/i.test(readRepositoryFile(page)));
  expect(silent).toEqual([]);
});

it("the index of decisions has each of them, under its title", () => {
  const index = readRepositoryFile("docs/decisions/README.md");
  for (const page of repositoryFiles("docs/decisions/0*.md")) {
    const [, number, title] = /^# (\d+)\. (.+)\n/.exec(readRepositoryFile(page)) ?? [];
    expect(index).toContain(`| [${number}](${page.slice(page.lastIndexOf("/") + 1)}) | ${title} |`);
  }
});

it("every page and file of the repository that a comment names is there", () => {
  const sources = repositoryFiles("core", "modules", "thematic", "cli", "scripts", "examples/*.ts", "examples/*.yaml");
  const dead = sources.flatMap((path) =>
    [...readRepositoryFile(path).matchAll(/\b(?:docs|scripts|examples)\/[\w/.-]+\.(?:md|json|ts|sh|h5|svg)\b/g)]
      .filter(([named]) => !existsSync(join(REPOSITORY, named)))
      .map(([named]) => `${path}: ${named}`),
  );
  expect(dead).toEqual([]);
});
