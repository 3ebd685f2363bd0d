import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** A mount whose server fails as told. */
export interface FuseMount extends AsyncDisposable {
  /** The one file in it. */
  readonly file: string;
  /** What the next reads do: fail with EIO, give half, give nothing. */
  next(kind: "eio" | "short" | "none", count: number): Promise<void>;
  /** The server is gone: everything answers ENOTCONN. */
  kill(): Promise<void>;
  /** It no longer answers. */
  freeze(): void;
  /** A new server, at the same place. */
  restart(contents?: Uint8Array): Promise<void>;
}

/** Why there can be no such mount here; `undefined` when there can. */
export function fuseMissing(): string | undefined {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return "needs Linux and root";
  if (!existsSync("/dev/fuse")) return "needs /dev/fuse";
  try {
    execFileSync("python3", ["--version"], { stdio: "ignore" });
  } catch {
    return "needs python3";
  }
  return undefined;
}

/** Mounts a file system with one file, `data.bin`. */
export async function mountFuse(contents: Uint8Array): Promise<FuseMount> {
  const folder = await mkdtemp(join(tmpdir(), "twinloom-fuse-"));
  const place = join(folder, "mount");
  await mkdir(place);
  const script = fileURLToPath(new URL("fuse-mount.py", import.meta.url));
  let server: { readonly child: ChildProcess; readonly lines: AsyncIterator<string> } | undefined;
  const start = async (bytes: Uint8Array): Promise<void> => {
    await writeFile(join(folder, "contents"), bytes);
    const child = spawn("python3", [script, place, join(folder, "contents")], { stdio: ["pipe", "pipe", "inherit"] });
    const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
    server = { child, lines };
    if ((await lines.next()).done === true) throw new Error("the file system could not be mounted");
  };
  const kill = async (): Promise<void> => {
    const child = server?.child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const exit = once(child, "exit");
    child.kill("SIGKILL");
    await exit;
  };
  await start(contents);
  return {
    file: join(place, "data.bin"),
    next: async (kind, count) => {
      server?.child.stdin?.write(`${kind} ${count}\n`);
      await server?.lines.next();
    },
    kill,
    freeze: () => void server?.child.kill("SIGSTOP"),
    restart: (bytes = contents) => start(bytes),
    [Symbol.asyncDispose]: async () => {
      await kill();
      execFileSync("umount", ["-l", place], { stdio: "ignore" });
      await rm(folder, { recursive: true, force: true });
    },
  };
}
