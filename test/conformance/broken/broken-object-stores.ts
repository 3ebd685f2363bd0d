import { chmod, copyFile, link, mkdir, mkdtemp, readFile, rm, stat, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { ObjectStoreFixture } from "twinloom/testing";
import { type Digest, digestBytes, FileObjects, type ObjectStore } from "../../../core/index.ts";

/** A store of files, and a way to its bytes. */
export async function fileFixture(
  change: (sound: ObjectStore, blob: (digest: Digest) => string) => ObjectStore = (sound) => sound,
): Promise<ObjectStoreFixture> {
  const root = await mkdtemp(join(tmpdir(), "twinloom-objects-"));
  const folder = join(root, "files");
  await mkdir(folder);
  const blob = (digest: Digest): string => join(root, "store", "blobs", "sha256", digest.slice(7));
  return {
    store: change(new FileObjects(join(root, "store")), blob),
    folder,
    damage: (digest, to) => damageFile(blob(digest), to),
    dispose: () => rm(root, { recursive: true }),
  };
}

/** Changes the bytes of a file; mode and time stay, as a failing disk leaves them. */
export async function damageFile(path: string, change: (bytes: Uint8Array) => Uint8Array): Promise<void> {
  const { mode, atime, mtime } = await stat(path);
  await chmod(path, 0o600);
  await writeFile(path, change(await readFile(path)));
  await utimes(path, atime, mtime);
  await chmod(path, mode & 0o777);
}

/** A store as another, but for some methods. */
function but(sound: ObjectStore, change: Partial<ObjectStore>): ObjectStore {
  return new Proxy(sound, {
    get: (target, name) => {
      const own = change[name as keyof ObjectStore];
      if (own !== undefined) return own;
      const method: unknown = Reflect.get(target, name);
      return typeof method === "function" ? method.bind(target) : method;
    },
  });
}

type Break = (sound: ObjectStore, blob: (digest: Digest) => string) => Partial<ObjectStore>;

/** Stores that break one promise each, and the case that must notice. */
export const brokenObjectStores: readonly {
  readonly fault: string;
  readonly break: Break;
  readonly noticedBy: string;
}[] = [
  {
    fault: "counts characters for bytes",
    break: (sound) => ({
      put: async (data, options) => ({ ...(await sound.put(data, options)), bytes: data.length }),
    }),
    noticedBy: "keeps bytes and texts under their SHA-256, and gives them back",
  },
  {
    fault: "gives the same array to everybody",
    break: (sound) => {
      const cache = new Map<Digest, Uint8Array>();
      return {
        get: async (digest, options) => {
          const bytes = cache.get(digest) ?? (await sound.get(digest, options));
          cache.set(digest, bytes);
          return bytes;
        },
      };
    },
    noticedBy: "holds its own bytes: what a caller does with what it gave or got changes nothing",
  },
  {
    fault: "links files instead of copying them",
    break: (sound, blob) => ({
      putFile: async (path, options) => {
        const object = await sound.putFile(path, options);
        await rm(blob(object.digest), { force: true });
        await link(path, blob(object.digest));
        return object;
      },
    }),
    noticedBy: "keeps a copy of a file, which may be changed or removed afterwards",
  },
  {
    fault: "takes a folder for an empty file",
    break: (sound) => ({
      putFile: async (path, options) =>
        (await stat(path).then(
          (facts) => facts.isDirectory(),
          () => false,
        ))
          ? await sound.put("")
          : await sound.putFile(path, options),
    }),
    noticedBy: "refuses a file that is not there, and what is no file",
  },
  {
    fault: "keeps what it read of a file, whatever became of it",
    break: (sound) => ({
      putFile: async (path, { onProgress } = {}) => {
        const bytes = await readFile(path);
        onProgress?.(bytes.length, bytes.length);
        return await sound.put(bytes);
      },
    }),
    noticedBy: "refuses a file that changes while it is read, and keeps nothing of it",
  },
  {
    fault: "fails for one who comes while another puts",
    break: (sound) => {
      let isBusy = false;
      return {
        put: async (data, options) => {
          if (isBusy) throw new Error("busy");
          isBusy = true;
          try {
            return await sound.put(data, options);
          } finally {
            isBusy = false;
          }
        },
      };
    },
    noticedBy: "has equal bytes once, however and by however many they are put",
  },
  {
    fault: "streams in one piece",
    break: (sound) => ({
      stream: async function* (digest) {
        yield await sound.get(digest);
      },
    }),
    noticedBy: "gives an object in pieces, and tells how far it is",
  },
  {
    fault: "checks out links",
    break: (_, blob) => ({
      checkOut: async (digest, path) => {
        await mkdir(dirname(path), { recursive: true });
        await link(blob(digest), path);
        await chmod(path, 0o644);
      },
    }),
    noticedBy: "writes an object to a new file of the user's own, and makes its folder",
  },
  {
    fault: "checks out over what is there",
    break: (_, blob) => ({
      checkOut: async (digest, path) => {
        await copyFile(blob(digest), path);
      },
    }),
    noticedBy: "never writes over a file",
  },
  {
    fault: "makes the file before it looks for the object",
    break: (sound) => ({
      checkOut: async (digest, path, options) => {
        await writeFile(path, "");
        await sound.get(digest);
        await rm(path);
        await sound.checkOut(digest, path, options);
      },
    }),
    noticedBy: "says what is missing, by name, and leaves nothing",
  },
  {
    fault: "looks for anything",
    break: () => ({ find: async () => undefined }),
    noticedBy: "takes nothing but digests as names",
  },
  {
    fault: "gives as much as there is",
    break: (sound) => ({ get: (digest) => sound.get(digest, { limitBytes: Number.POSITIVE_INFINITY }) }),
    noticedBy: "gives no more at once than it is told to",
  },
  {
    fault: "lists one too few",
    break: (sound) => ({
      list: async function* (options) {
        let isFirst = true;
        for await (const object of sound.list(options)) {
          if (!isFirst) yield object;
          isFirst = false;
        }
      },
    }),
    noticedBy: "lists every object with its length and when it was put",
  },
  {
    fault: "removes what was put again",
    break: (sound) => ({ remove: (digest) => sound.remove(digest) }),
    noticedBy: "removes an object, but not one that was put again since it was listed",
  },
  {
    fault: "hears no signal",
    break: (sound) => ({ verify: (digest) => sound.verify(digest) }),
    noticedBy: "does nothing for a signal that is aborted already",
  },
  {
    fault: "stores to the end what was called off",
    break: (sound) => ({
      putFile: async (path, options) => {
        options?.signal?.throwIfAborted();
        return await sound.putFile(path, options && { onProgress: options.onProgress });
      },
    }),
    noticedBy: "stops storing a file when it is called off, keeps nothing of it, and stores it when asked again",
  },
  {
    fault: "flushes only when something was put",
    break: (sound) => {
      let puts = 0;
      return {
        put: async (data, options) => {
          puts++;
          return await sound.put(data, options);
        },
        flush: async () => {
          if (puts === 0) throw new Error("nothing to flush");
          await sound.flush();
        },
      };
    },
    noticedBy: "flushes whenever it is asked to",
  },
  {
    fault: "believes what it finds",
    break: (_, blob) => ({ get: async (digest) => new Uint8Array(await readFile(blob(digest))) }),
    noticedBy: "notices a corrupt object however it is read, names it, and gives nothing of it",
  },
  {
    fault: "believes a file that is read-only",
    break: (sound, blob) => ({
      verify: async (digest, options) => {
        const facts = await stat(blob(digest)).catch(() => undefined);
        return facts && (facts.mode & 0o222) === 0 ? "sound" : await sound.verify(digest, options);
      },
    }),
    noticedBy: "verifies by reading: a corrupt object is told apart from a sound and a missing one",
  },
  {
    fault: "keeps what is there, whatever it is",
    break: (sound, blob) => ({
      put: async (data, options) => {
        const bytes = typeof data === "string" ? Buffer.from(data) : data;
        const wanted = digestBytes(bytes);
        const isThere = await stat(blob(wanted)).then(
          () => true,
          () => false,
        );
        return isThere ? { digest: wanted, bytes: bytes.length } : await sound.put(data, options);
      },
    }),
    noticedBy: "takes sound bytes in the place of a corrupt object",
  },
];

/** A fixture with a broken store. */
export async function brokenFixture(fault: Break): Promise<ObjectStoreFixture> {
  return await fileFixture((sound, blob) => but(sound, fault(sound, blob)));
}
