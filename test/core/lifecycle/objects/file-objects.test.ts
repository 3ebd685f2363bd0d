import { execFile } from "node:child_process";
import { mkdtemp, readdir, rm, stat, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { type Digest, digestBytes } from "../../../../core/index.ts";
import type { StoreFile, StoreFs } from "../../../../core/lifecycle/fs/store-fs.ts";
import { openStoreFolder } from "../../../../core/lifecycle/layout.ts";
import { FileObjects } from "../../../../core/lifecycle/objects/file-objects.ts";
import { fileFixture } from "../../../conformance/broken/broken-object-stores.ts";
import { interceptedFs, systemError } from "../log/intercepted-fs.ts";
import { MemoryFs } from "./memory-fs.ts";

const IS_LONG = process.env["TWINLOOM_LONG"] === "1";

const blob = (digest: Digest): string => `/store/blobs/sha256/${digest.slice(7)}`;

/** Puts bytes where an object should be, past every check. */
async function plant(disk: MemoryFs, path: string, text: string): Promise<void> {
  await disk.remove(path).catch(() => undefined);
  await (await disk.create(path)).write(Buffer.from(text));
}

/** A disk that fails at the calls named. */
function failing(disk: MemoryFs, code: string, ...calls: readonly string[]): MemoryFs {
  return disk.watched((call) => {
    if (calls.includes(call)) throw systemError(code);
  });
}

/** A file whose first byte is read wrongly, if so. */
function erringOnce(file: StoreFile, isWrong: boolean): StoreFile {
  if (!isWrong) return file;
  return {
    ...file,
    read: async (into, position) => {
      const count = await file.read(into, position);
      if (position === 0) into[0] = (into[0] as number) ^ 1;
      return count;
    },
  };
}

async function names(disk: MemoryFs, folder: string): Promise<readonly string[]> {
  return (await disk.list(folder)).map(({ name }) => name);
}

describe("Objects as files", () => {
  it("keep every corrupt copy, and say where it went", async () => {
    const disk = new MemoryFs();
    const objects = new FileObjects("/store", disk);
    const { digest } = await objects.put("sound");
    for (const text of ["bad 1", "bad 2"]) {
      await plant(disk, blob(digest), text);
      const error: unknown = await objects.get(digest).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ code: "TWIN_OBJECT_CORRUPT", digest });
      const { quarantinedAt } = error as { quarantinedAt: string };
      expect(Buffer.from(await disk.readFile(quarantinedAt)).toString()).toBe(text);
      expect((error as Error).message).toContain(`moved to ${quarantinedAt}`);
    }
    expect(await names(disk, "/store/quarantine/sha256")).toHaveLength(2);
  });

  it("of a store that is read-only are read; a corrupt one stays, and the error says so", async () => {
    const disk = new MemoryFs();
    const sound = await new FileObjects("/store", disk).put("sound");
    const corrupt = await new FileObjects("/store", disk).put("corrupt");
    await plant(disk, blob(corrupt.digest), "CORRUPT");
    const calls = ["create", "clone", "link", "rename", "remove", "makeFolder", "touch", "syncFolder"];
    const objects = new FileObjects("/store", failing(disk, "EROFS", ...calls));
    expect(Buffer.from(await objects.get(sound.digest)).toString()).toBe("sound");
    await expect(objects.get(corrupt.digest)).rejects.toThrow("could not be moved to quarantine (EROFS");
    await expect(objects.get(corrupt.digest)).rejects.toMatchObject({ quarantinedAt: undefined });
    const refused = { code: "TWIN_WRITE_FAILED", message: expect.stringContaining("read-only: mount it for writing") };
    await expect(objects.put("new")).rejects.toMatchObject(refused);
    await expect(objects.put("sound")).rejects.toMatchObject(refused);
    await expect(objects.remove(sound.digest)).rejects.toMatchObject(refused);
  });

  it("that another user owns are replaced by an own copy when they are put again, so that they are young", async () => {
    const disk = new MemoryFs();
    const { digest } = await new FileObjects("/store", disk).put("shared");
    const before = await disk.stat(blob(digest));
    const objects = new FileObjects("/store", failing(disk, "EPERM", "touch"));
    await objects.put("shared");
    expect((await disk.stat(blob(digest))).identity).not.toBe(before.identity);
    expect(await objects.verify(digest)).toBe("sound");
    expect(await names(disk, "/store/blobs/sha256")).toEqual([digest.slice(7)]);
  });

  it("are kept on a file system without hard links, too", async () => {
    for (const code of ["EPERM", "ENOTSUP", "EMLINK"]) {
      const disk = new MemoryFs();
      const objects = new FileObjects("/store", failing(disk, code, "link"));
      const { digest } = await objects.put("text");
      expect(await objects.verify(digest)).toBe("sound");
      expect(await names(disk, "/store/blobs/sha256")).toEqual([digest.slice(7)]);
    }
  });

  it("are not believed for being read-only: mode and time of a file prove nothing", async () => {
    const { store, damage, dispose } = await fileFixture();
    const { digest } = await store.put("text");
    await damage?.(digest, () => Buffer.from("Text"));
    expect(await store.verify(digest)).toBe("corrupt");
    await dispose?.();
  });

  it("that a sound copy replaces at the moment they are found corrupt are not put in quarantine", async () => {
    const disk = new MemoryFs();
    const { digest } = await new FileObjects("/store", disk).put("sound");
    await plant(disk, blob(digest), "wrong");
    const objects = new FileObjects(
      "/store",
      disk.watched(async (call, path) => {
        // Between the look and the move.
        if (call === "rename" && path.includes("quarantine")) await plant(disk, blob(digest), "sound");
      }),
    );
    await expect(objects.get(digest)).rejects.toMatchObject({ isSoundNow: true, quarantinedAt: undefined });
    expect(await objects.verify(digest)).toBe("sound");
  });

  it("that were read wrongly once stay in their place, and verify calls them sound", async () => {
    const disk = new MemoryFs();
    const { digest } = await new FileObjects("/store", disk).put("sound");
    for (const read of ["get", "verify"] as const) {
      let reads = 0;
      // Memory or a network that errs once.
      const erring = new Proxy<StoreFs>(disk, {
        get: (_, name) =>
          name === "open"
            ? async (path: string) => erringOnce(await disk.open(path), reads++ === 0)
            : (Reflect.get(disk, name) as () => unknown).bind(disk),
      });
      const objects = new FileObjects("/store", erring);
      if (read === "verify") expect(await objects.verify(digest)).toBe("sound");
      else await expect(objects.get(digest)).rejects.toMatchObject({ isSoundNow: true });
      expect(reads).toBe(2);
      await expect(disk.list("/store/quarantine")).rejects.toMatchObject({ code: "ENOENT" });
      expect(Buffer.from(await objects.get(digest)).toString()).toBe("sound");
    }
  });

  it("that a reader had in its hand when it was killed are found again", async () => {
    const disk = new MemoryFs();
    const { digest } = await new FileObjects("/store", disk).put("sound");
    await plant(disk, blob(digest), "wrong");
    const died = Promise.withResolvers<void>();
    let isDead = false;
    const killed = disk.watched(async (call, path) => {
      if (isDead) {
        died.resolve();
        return await new Promise<void>(() => undefined);
      }
      if (call !== "rename" || !path.includes("quarantine")) return;
      // A sound copy comes between the last look and the move, and the reader does not come to bring it back.
      await plant(disk, blob(digest), "sound");
      isDead = true;
    });
    void new FileObjects("/store", killed).get(digest);
    await died.promise;
    await expect(disk.stat(blob(digest))).rejects.toMatchObject({ code: "ENOENT" });
    const objects = new FileObjects("/store", disk);
    expect(await objects.find(digest)).toEqual({ digest, bytes: 5 });
    expect(await objects.verify(digest)).toBe("sound");
    expect(await names(disk, "/store/quarantine/sha256")).toEqual([]);
  });

  it("in quarantine that are corrupt are read once, however often the object is looked for", async () => {
    const disk = new MemoryFs();
    const { digest } = await new FileObjects("/store", disk).put("sound");
    await plant(disk, blob(digest), "wrong");
    expect(await new FileObjects("/store", disk).verify(digest)).toBe("corrupt");
    let reads = 0;
    const objects = new FileObjects(
      "/store",
      disk.watched((call) => void (call === "open" && reads++)),
    );
    for (let count = 0; count < 3; count++) expect(await objects.find(digest)).toBeUndefined();
    expect(reads).toBe(1);
    const missing: unknown = await objects.get(digest).catch((thrown: unknown) => thrown);
    expect((missing as Error).message).toContain(
      `corrupt bytes are kept in /store/quarantine/sha256/${digest.slice(7)}`,
    );
  });

  it("that rotted are put right by putting them again, and what was found corrupt on the way is kept", async () => {
    const disk = new MemoryFs();
    const objects = new FileObjects("/store", disk);
    const { digest } = await objects.put("weights 1.0");
    await plant(disk, blob(digest), "weights 9.9");
    await objects.put("weights 1.0");
    expect(await objects.verify(digest)).toBe("sound");
    expect(await names(disk, "/store/quarantine/sha256")).toEqual([digest.slice(7)]);
    await plant(disk, blob(digest), "weights 9.9");
    await plant(disk, "/weights", "weights 1.0");
    let readBytes = 0;
    const watched = new FileObjects(
      "/store",
      disk.watched((call, path) => void (call === "file.read" && path.includes("blobs") && readBytes++)),
    );
    // Nothing but the source is read.
    expect(await watched.putFile("/weights")).toEqual({ digest, bytes: 11 });
    expect(readBytes).toBe(0);
    expect(await objects.verify(digest)).toBe("sound");
  });

  it("whose disk cannot read are not called corrupt", async () => {
    const disk = new MemoryFs();
    const { digest } = await new FileObjects("/store", disk).put("text");
    const objects = new FileObjects("/store", failing(disk, "EIO", "file.read"));
    await expect(objects.get(digest)).rejects.toMatchObject({ code: "TWIN_READ_FAILED" });
    await expect(objects.verify(digest)).rejects.toMatchObject({ code: "TWIN_READ_FAILED" });
    expect(await names(disk, "/store/blobs/sha256")).toEqual([digest.slice(7)]);
  });

  it("are durable after a flush that failed and was repeated", async () => {
    const disk = new MemoryFs();
    const broken = new Set<string>();
    const objects = new FileObjects(
      "/store",
      disk.watched((call) => {
        if (broken.has(call)) throw systemError("EIO");
      }),
    );
    const { digest } = await objects.put("text");
    broken.add("syncFolder");
    await expect(objects.flush()).rejects.toMatchObject({ code: "TWIN_WRITE_FAILED" });
    broken.clear();
    await objects.flush();
    const after = new FileObjects("/store", disk.afterPowerCut("synced"));
    expect(await after.verify(digest)).toBe("sound");
  });

  it("are put again where a file that is read-only cannot be replaced, as on Windows", async () => {
    const disk = new MemoryFs();
    const { digest } = await new FileObjects("/store", disk).put("weights 1.0");
    await plant(disk, "/weights", "weights 1.0");
    const objects = new FileObjects(
      "/store",
      disk.watched(async (call, path) => {
        if (call === "rename" && (await names(disk, dirname(path))).includes(basename(path)))
          throw systemError("EPERM");
      }),
    );
    expect(await objects.putFile("/weights")).toMatchObject({ digest });
    await plant(disk, blob(digest), "weights 9.9");
    expect(await objects.putFile("/weights")).toMatchObject({ digest });
    expect(await objects.verify(digest)).toBe("sound");
    expect(await names(disk, "/store/blobs/sha256")).toEqual([digest.slice(7)]);
    expect(await names(disk, "/store/quarantine/sha256")).toEqual([digest.slice(7)]);
  });

  it("that another put and did not come to flush are durable when they are put again, or kept, and flushed", async () => {
    for (const again of ["put", "keep"] as const) {
      const disk = new MemoryFs();
      const { digest } = await new FileObjects("/store", disk).put("text");
      expect(await new FileObjects("/store", disk.afterPowerCut("synced")).find(digest)).toBeUndefined();
      const objects = new FileObjects("/store", disk);
      await (again === "put" ? objects.put("text") : objects.keep(digest));
      await objects.flush();
      expect(await new FileObjects("/store", disk.afterPowerCut("synced")).verify(digest), again).toBe("sound");
    }
  });

  it("of a file that was replaced by another while it was read are refused", async () => {
    const disk = new MemoryFs();
    await plant(disk, "/model.onnx", "weights");
    let isReplaced = false;
    const objects = new FileObjects(
      "/store",
      disk.watched(async (call, path) => {
        if (isReplaced || call !== "file.read" || path !== "/model.onnx") return;
        isReplaced = true;
        // What is open stays as it was; the name is another file's, of the same length.
        await plant(disk, "/model.onnx.new", "WEIGHTS");
        await disk.rename("/model.onnx.new", "/model.onnx");
      }),
    );
    await expect(objects.putFile("/model.onnx")).rejects.toMatchObject({ code: "TWIN_FILE_UNREADABLE" });
    expect(await names(disk, "/store/blobs/sha256")).toEqual([]);
  });

  it("share blocks where the file system can, and are verified all the same", async () => {
    const root = await mkdtemp(join(tmpdir(), "twinloom-clone-"));
    try {
      const [model, folder] = [join(root, "model.bin"), join(root, "store")];
      await writeFile(model, "weights");
      // A file system that clones, as far as its caller can see.
      const { copyFile, chmod } = await import("node:fs/promises");
      let clones = 0;
      const plain = interceptedFs(() => undefined);
      const clone = async (from: string, to: string, mode: number): Promise<void> => {
        clones++;
        await copyFile(from, to);
        await chmod(to, mode);
      };
      const objects = new FileObjects(folder, { ...plain, clone });
      const { digest } = await objects.putFile(model);
      expect(digest).toBe(digestBytes("weights"));
      await objects.checkOut(digest, join(root, "out.bin"));
      expect(clones).toBe(2);
      expect((await stat(join(root, "out.bin"))).mode & 0o777).toBe(0o644);
      const stored = join(folder, "blobs/sha256", digest.slice(7));
      expect((await stat(stored)).mode & 0o777).toBe(0o444);
      await rm(stored);
      await writeFile(stored, "WEIGHTS");
      await expect(objects.checkOut(digest, join(root, "no.bin"))).rejects.toMatchObject({
        code: "TWIN_OBJECT_CORRUPT",
      });
      expect((await readdir(root)).toSorted()).toEqual(["model.bin", "out.bin", "store"]);
    } finally {
      await rm(root, { recursive: true });
    }
  });

  it(`hold a file of ${IS_LONG ? "5 GB" : "200 MB"} in less than 100 MB of memory`, { timeout: 900_000 }, async () => {
    const root = await mkdtemp(join(tmpdir(), "twinloom-large-"));
    try {
      const model = join(root, "model.bin");
      await writeFile(model, "");
      await truncate(model, IS_LONG ? 5e9 : 2e8);
      const script = fileURLToPath(new URL("store-large-file.ts", import.meta.url));
      const options = ["--conditions=@twinloom/source", script, model, join(root, "store"), join(root, "out.bin")];
      const { stdout } = await promisify(execFile)(process.execPath, options);
      const { megabytes, bytes } = JSON.parse(stdout) as { megabytes: number; bytes: number };
      expect(bytes).toBe(IS_LONG ? 5e9 : 2e8);
      expect(megabytes).toBeLessThan(100);
    } finally {
      await rm(root, { recursive: true });
    }
  });
});

describe("The folder of a store", () => {
  it("is made where there is nothing, and found again", async () => {
    const disk = new MemoryFs();
    await disk.makeFolder("/disk");
    await expect(openStoreFolder("/disk/store", { fs: disk })).rejects.toMatchObject({ code: "TWIN_STORE_NOT_FOUND" });
    await expect(openStoreFolder("", { fs: disk })).rejects.toMatchObject({ code: "TWIN_INVALID_ARGUMENT" });
    await openStoreFolder("/disk/store", { fs: disk, create: true });
    expect(await openStoreFolder("/disk/store", { fs: disk })).toMatchObject({ format: 1, writable: true });
    expect(Buffer.from(await disk.readFile("/disk/store/twinloom.json")).toString()).toBe('{"format":1}');
  });

  it("is not made where something else is, nor in the place of a damaged one", async () => {
    const disk = new MemoryFs();
    await disk.makeFolder("/disk");
    await plant(disk, "/disk/thesis.tex", "mine");
    const making = openStoreFolder("/disk", { fs: disk, create: true });
    await expect(making).rejects.toThrow('it holds something else ("thesis.tex")');
    expect(await names(disk, "/disk")).toEqual(["thesis.tex"]);
    await disk.remove("/disk/thesis.tex");
    for (const text of ["", "{", '{"format":"1"}', '{"format":0}']) {
      await plant(disk, "/disk/twinloom.json", text);
      const opening = openStoreFolder("/disk", { fs: disk, create: true });
      await expect(opening, text).rejects.toMatchObject({ code: "TWIN_STORE_NOT_FOUND" });
    }
  });

  it("of a newer format is read, and refuses each write with what to do", async () => {
    const disk = new MemoryFs();
    await openStoreFolder("/store", { fs: disk, create: true });
    const { digest } = await new FileObjects("/store", disk).put("text");
    await plant(disk, "/store/twinloom.json", '{"format":2}');
    const { writable, fs } = await openStoreFolder("/store", { fs: disk, create: true });
    expect(writable).toBe(false);
    const objects = new FileObjects("/store", fs);
    expect(await objects.verify(digest)).toBe("sound");
    await expect(objects.put("more")).rejects.toMatchObject({
      code: "TWIN_STORE_NEWER",
      message: expect.stringContaining("Update Twinloom"),
    });
  });
});
