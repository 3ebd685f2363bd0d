#!/usr/bin/env node
// The `twinloom` command. Plain JavaScript that Node 20 runs: in the published package it loads the compiled program; in
// the repository, where there are sources beside it, it runs those with the repository's own Node.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { constants } from "node:os";
import { fileURLToPath } from "node:url";

const sources = new URL("./main.ts", import.meta.url);

if (existsSync(sources)) {
  runSources();
} else {
  await import("../dist/cli/main.js");
}

function runSources() {
  const executable = process.platform === "win32" ? "node.exe" : "node";
  const node = fileURLToPath(new URL(`../node_modules/node/bin/${executable}`, import.meta.url));
  if (!existsSync(node)) {
    process.stderr.write(
      "twinloom: the repository's Node.js is not installed. Run `npm ci` in the repository first.\n",
    );
    process.exitCode = 1;
    return;
  }
  const child = spawn(node, ["--conditions=@twinloom/source", fileURLToPath(sources), ...process.argv.slice(2)], {
    stdio: "inherit",
  });
  // A terminal sends Ctrl-C to both processes, `kill` only to this one: pass it on, and let the child decide when to end.
  // SIGUSR1 tells it that its time is nearly up, where there is such a signal.
  const signals = ["SIGINT", "SIGTERM", "SIGHUP", ...(process.platform === "win32" ? [] : ["SIGUSR1"])];
  for (const signal of signals) process.on(signal, () => child.kill(signal));
  child.on("error", (error) => {
    process.stderr.write(`twinloom: cannot start ${node}: ${error.message}\n`);
    process.exitCode = 1;
  });
  child.on("exit", (code, signal) => {
    process.exitCode = code ?? 128 + constants.signals[signal];
  });
}
