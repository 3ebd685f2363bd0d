import { readFileSync, realpathSync } from "node:fs";

/** File systems that other machines write to as well, or that pass through another system. @see mount(8) and their manuals */
const NETWORK = new Set(
  "nfs nfs4 cifs smb3 smbfs lustre gpfs beegfs panfs ceph glusterfs afs orangefs pvfs2 ocfs2 gfs2 9p virtiofs vboxsf".split(
    " ",
  ),
);

/**
 * The network file system that a folder lies on; `undefined` for one of this machine. SQLite's write-ahead log needs memory
 * that all its processes share, so it must not be used there.
 *
 * @param mounts - As Linux gives them in `/proc/self/mountinfo`; read by default. Other systems tell by the path alone.
 * @see https://sqlite.org/wal.html and proc_pid_mountinfo(5)
 */
export function networkFileSystem(folder: string, mounts: string | undefined = readMounts()): string | undefined {
  if (process.platform === "win32") return folder.startsWith("\\\\") ? "a network share" : undefined;
  const path = real(folder);
  let longest = "";
  let type: string | undefined;
  for (const line of mounts?.split("\n") ?? []) {
    const [before, after] = line.split(" - ");
    const point = unescaped(before?.split(" ")[4] ?? "");
    const isAbove = point !== "" && (path === point || path.startsWith(point.endsWith("/") ? point : `${point}/`));
    // Of two mounts on one folder, the later one is seen.
    if (isAbove && point.length >= longest.length) [longest, type] = [point, after?.split(" ")[0]];
  }
  return type !== undefined && isNetwork(type) ? type : undefined;
}

/** Of a file system in user space nobody knows what it does, but for those on block devices (`fuseblk`). */
function isNetwork(type: string): boolean {
  return NETWORK.has(type) || type === "fuse" || type.startsWith("fuse.");
}

function readMounts(): string | undefined {
  try {
    return readFileSync("/proc/self/mountinfo", "utf8");
  } catch {
    return undefined;
  }
}

function real(folder: string): string {
  try {
    return realpathSync(folder);
  } catch {
    return folder;
  }
}

/** Spaces, tabs, line feeds and backslashes are written in octal. */
function unescaped(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}
