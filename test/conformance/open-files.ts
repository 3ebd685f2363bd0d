import { readdir, readlink, realpath } from "node:fs/promises";
import type { ConnectorFixture } from "./connector.ts";

/**
 * How often a location is open: the connector's own count, else on Linux that of the system; 0 where neither is known.
 */
export async function openFilesAt(location: string, fixture: ConnectorFixture): Promise<number> {
  if (fixture.openFiles) return fixture.openFiles();
  const path = await realpath(location).catch(() => undefined);
  const descriptors = await readdir("/proc/self/fd").catch(() => []);
  const targets = await Promise.all(descriptors.map((each) => readlink(`/proc/self/fd/${each}`).catch(() => "")));
  return path === undefined ? 0 : targets.filter((target) => target === path).length;
}
