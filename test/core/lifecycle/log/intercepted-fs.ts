import { nodeFs } from "../../../../core/lifecycle/fs/node-fs.ts";
import type { StoreFile, StoreFs } from "../../../../core/lifecycle/fs/store-fs.ts";

/**
 * The file systems of this machine, where `before` is told of every call first and may fail or hold it up.
 *
 * @param opened - Gets every file that is opened, for a test to close what it holds up for ever.
 */
export function interceptedFs(
  before: (call: string, path: string) => void | Promise<void>,
  opened: StoreFile[] = [],
): StoreFs {
  const file = (of: StoreFile, path: string): StoreFile => {
    opened.push(of);
    return intercept(of, (call) => before(call, path));
  };
  return {
    ...intercept(nodeFs, (call, [path]) => before(call, String(path))),
    open: async (path) => {
      await before("open", path);
      return file(await nodeFs.open(path), path);
    },
    create: async (path, mode) => {
      await before("create", path);
      return file(await nodeFs.create(path, mode), path);
    },
  };
}

function intercept<T extends object>(
  of: T,
  before: (call: string, args: readonly unknown[]) => void | Promise<void>,
): T {
  return new Proxy({} as T, {
    ownKeys: () => Reflect.ownKeys(of),
    getOwnPropertyDescriptor: () => ({ enumerable: true, configurable: true }),
    get: (_, name) => {
      const method: unknown = Reflect.get(of, name, of);
      if (typeof method !== "function") return method;
      return async (...args: unknown[]): Promise<unknown> => {
        await before(String(name), args);
        return await Reflect.apply(method, of, args);
      };
    },
  });
}

/** An error as the system makes it. */
export function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: made up by a test`), { code });
}
