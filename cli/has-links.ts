import { link, mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** Whether the file system of a folder has hard links. @throws The system's error where nothing can be written there. */
export async function hasHardLinks(folder: string): Promise<boolean> {
  const scratch = await mkdtemp(join(folder, ".twinloom-links-"));
  try {
    await writeFile(join(scratch, "one"), "");
    return await link(join(scratch, "one"), join(scratch, "two")).then(
      () => true,
      () => false,
    );
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}
