"""A file system with one file, `/data.bin`, that fails as told: argument 1 is the folder, 2 the file with its contents.

Speaks the kernel's FUSE protocol (linux/fuse.h), so that it needs no package; needs root. Prints "ready" when mounted.
A line on stdin sets what the next reads do: "eio 3" (fail three times), "short 2" (give half, twice), "none 2" (give
nothing, twice). Killed, it leaves a mount behind that answers ENOTCONN, as a network file system without its server.
"""

import ctypes
import errno
import os
import struct
import sys
import threading

LOOKUP, FORGET, GETATTR, OPEN, READ, STATFS, RELEASE, FLUSH, INIT, OPENDIR, RELEASEDIR, INTERRUPT, DESTROY, BATCH_FORGET = (
    1, 2, 3, 14, 15, 17, 18, 25, 26, 27, 29, 36, 38, 42,
)  # fmt: skip
MNT_DETACH = 2
DIRECT_IO = 1
ROOT, FILE = 1, 2
MTIME = 1_700_000_000

folder, contents = sys.argv[1:3]
with open(contents, "rb") as stream:
    data = stream.read()
faults = []
libc = ctypes.CDLL(None, use_errno=True)


def attributes(node):
    mode = 0o40755 if node == ROOT else 0o100644
    size = 0 if node == ROOT else len(data)
    return struct.pack("<6Q10I", node, size, 0, MTIME, MTIME, MTIME, 0, 123, 0, mode, 1, 0, 0, 0, 4096, 0)


def answer(opcode, node, body):
    """The payload, or a negative error."""
    if opcode == INIT:
        major, minor, readahead, _ = struct.unpack_from("<4I", body)
        return struct.pack("<4I2H2I2H8I", 7, min(minor, 31), readahead, 0, 12, 10, 65536, 1, 16, 0, *[0] * 8)
    if opcode == LOOKUP:
        if node != ROOT or body.rstrip(b"\0") != b"data.bin":
            return -errno.ENOENT
        return struct.pack("<4Q2I", FILE, 0, 0, 0, 0, 0) + attributes(FILE)
    if opcode == GETATTR:
        return struct.pack("<Q2I", 0, 0, 0) + attributes(node)
    if opcode in (OPEN, OPENDIR):
        return struct.pack("<Q2I", 0, DIRECT_IO, 0)
    if opcode == READ:
        _, offset, size = struct.unpack_from("<2QI", body)
        fault = faults.pop(0) if faults else None
        if fault == "eio":
            return -errno.EIO
        if fault == "none":
            return b""
        return data[offset : offset + (size // 2 if fault == "short" else size)]
    if opcode in (RELEASE, RELEASEDIR, FLUSH, DESTROY):
        return b""
    return -errno.ENOSYS


def listen():
    for line in sys.stdin:
        kind, count = line.split()
        faults.extend([kind] * int(count))
        print("set", flush=True)
    libc.umount2(folder.encode(), MNT_DETACH)
    os._exit(0)


# A mount that an earlier process left behind.
libc.umount2(folder.encode(), MNT_DETACH)
device = os.open("/dev/fuse", os.O_RDWR)
options = f"fd={device},rootmode=40000,user_id=0,group_id=0".encode()
if libc.mount(b"twinloom", folder.encode(), b"fuse.twinloom", 0, options) != 0:
    sys.exit(os.strerror(ctypes.get_errno()))
threading.Thread(target=listen, daemon=True).start()
is_ready = False
while True:
    request = os.read(device, 1 << 20)
    _, opcode, unique, node = struct.unpack_from("<2I2Q", request)
    if opcode in (FORGET, BATCH_FORGET, INTERRUPT):
        continue
    result = answer(opcode, node, request[40:])
    error, payload = (result, b"") if isinstance(result, int) else (0, result)
    os.write(device, struct.pack("<IiQ", 16 + len(payload), error, unique) + payload)
    if not is_ready:
        is_ready = True
        print("ready", flush=True)
