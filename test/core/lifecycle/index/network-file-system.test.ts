import { describe, expect, it } from "vitest";
import { networkFileSystem } from "../../../../core/lifecycle/index/network-file-system.ts";

const MOUNTS = `22 27 0:21 / /proc rw,relatime - proc proc rw
27 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
40 27 0:40 / /data rw,relatime shared:5 master:1 - nfs4 server:/export rw,vers=4.2
41 40 0:41 / /data/ann/scratch rw - xfs /dev/sdb rw
42 27 0:42 / /lustre rw - lustre 10.0.0.1@o2ib:/fs rw
43 27 0:43 / /mnt/my\\040disk rw - cifs //server/share rw
44 27 0:44 / /mnt/ssh rw - fuse.sshfs ben@host: rw
45 27 0:45 / /mnt/usb rw - fuseblk /dev/sdc rw
46 27 0:46 / /over rw - nfs server:/over rw
47 46 0:47 / /over rw - tmpfs tmpfs rw
`;

describe.skipIf(process.platform === "win32")("A folder", () => {
  it.each([
    ["/data/ann/.twinloom", "nfs4"],
    ["/data", "nfs4"],
    ["/database/ann", undefined],
    ["/data/ann/scratch/.twinloom", undefined],
    ["/lustre/a/b", "lustre"],
    ["/mnt/my disk/store", "cifs"],
    ["/mnt/ssh", "fuse.sshfs"],
    ["/mnt/usb/store", undefined],
    ["/over/store", undefined],
    ["/var", undefined],
  ])("%s lies on %s", (folder, type) => {
    expect(networkFileSystem(folder, MOUNTS)).toBe(type);
  });

  it("is taken for local where the system tells nothing", () => {
    expect(networkFileSystem("/home/ann", "")).toBeUndefined();
    expect(networkFileSystem("/home/ann", "garbage\n\n- \n")).toBeUndefined();
  });
});
