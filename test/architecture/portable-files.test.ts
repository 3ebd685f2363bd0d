import { expect, it } from "vitest";
import { readRepositoryFile, repositoryFiles } from "./repository.ts";

const BINARY = /\.(h5|nc|png|jpg|root|gz|zip|woff2?)$/;
const texts = repositoryFiles()
  .filter((path) => !BINARY.test(path))
  .map((path) => ({ path, text: readRepositoryFile(path) }));

it("no file knows a path of the machine it was written on", () => {
  const home = new RegExp(
    String.raw`(?<![\w.$}/])/(?:${["root", "work", String.raw`home/\w+`, String.raw`Users/\w+`].join("|")})/\w+`,
  );
  const found = texts.flatMap(({ path, text }) =>
    text
      .split("\n")
      .flatMap((line, index) => (home.test(line) ? [`${path}:${index + 1}: ${line.trim().slice(0, 120)}`] : [])),
  );
  expect(found).toEqual([]);
});

it("the lock file names no registry but npm's own", () => {
  const hosts = [...readRepositoryFile("package-lock.json").matchAll(/"resolved": "https?:\/\/([^/"]+)/g)].map(
    ([, host]) => host,
  );
  expect([...new Set(hosts)].filter((host) => host !== "registry.npmjs.org")).toEqual([]);
});

it("the lock file has every optional package of every platform, so that npm ci works from it everywhere", () => {
  const { packages } = JSON.parse(readRepositoryFile("package-lock.json")) as {
    packages: Readonly<Record<string, { readonly optionalDependencies?: Readonly<Record<string, string>> }>>;
  };
  const locked = new Set(Object.keys(packages).map((path) => path.slice(path.lastIndexOf("node_modules/") + 13)));
  const optional = Object.values(packages).flatMap(({ optionalDependencies = {} }) =>
    Object.keys(optionalDependencies),
  );
  expect(optional.filter((name) => !locked.has(name))).toEqual([]);
});
