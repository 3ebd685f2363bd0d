import { execFileSync } from "node:child_process";
import { expect, it } from "vitest";
import { REPOSITORY } from "./repository.ts";

/** Imports an entry of the package in a fresh process; returns the files it loaded and the CPU time the import took. */
function importEntry(entry = "twinloom"): { readonly urls: readonly string[]; readonly cpuMs: number } {
  const program = `
    import { registerHooks } from "node:module";
    const urls = [];
    registerHooks({ load: (url, context, next) => { urls.push(url); return next(url, context); } });
    const before = process.cpuUsage();
    await import("${entry}");
    const { user, system } = process.cpuUsage(before);
    console.log(JSON.stringify({ urls, cpuMs: (user + system) / 1000 }));
  `;
  const options = ["--conditions=@twinloom/source", "--input-type=module", "--eval", program];
  return JSON.parse(
    execFileSync(process.execPath, options, { cwd: REPOSITORY, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }),
  );
}

function packagesOf(urls: readonly string[]): ReadonlySet<string> {
  const names = urls
    .map((url) => /\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url)?.[1])
    .filter((name) => name !== undefined);
  return new Set(names);
}

it("importing the root loads no wasm, no plot library, no container and no logger", () => {
  const { urls } = importEntry();
  expect(packagesOf(urls)).toEqual(new Set(["canonicalize", "semver", "zod"]));
  expect(urls.filter((url) => /\.(wasm|node)$|\/(modules|thematic|cli)\//.test(url))).toEqual([]);
});

it("importing the server and the clients of models loads nothing that is large or may be missing", () => {
  expect(packagesOf(importEntry("twinloom/modules/serving").urls)).toEqual(new Set(["canonicalize", "semver", "zod"]));
});

it("importing the root stays fast", () => {
  // CPU time, not wall time: other programs on the machine do not count. The bound is 5 times what a 2-core virtual machine needs.
  const times = Array.from({ length: 3 }, () => importEntry().cpuMs);
  expect(Math.min(...times)).toBeLessThan(1500);
});
