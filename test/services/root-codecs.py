"""Blocks by the lzma and lz4 of Python for root-codecs.test.ts, one after another on stdout.

Each is: method (4 bytes), bytes of the block, bytes of the values, 1 where Python decompresses it (0 where it is damaged),
XXH64 of the block; then the block, then the values.
"""

import lzma
import struct
import sys

import lz4.block
import numpy as np
import xxhash

rng = np.random.default_rng(20261121)


def contents(size):
    """Values as files have them: from what does not compress to what is all the same; never none at all."""
    kinds = [
        rng.integers(0, 256, size, dtype=np.uint8).tobytes(),
        (np.arange(size // 4) // 7).astype(">i4").tobytes(),
        rng.choice([0, 1, 65], size).astype(np.uint8).tobytes(),
        (b"muons and electrons, " * size)[:size],
        np.round(rng.normal(size=size // 8), 2).astype(">f8").tobytes(),
    ]
    return [values for values in kinds if values]


def write(method, block, values, size):
    """`values` is None where the block is damaged."""
    known = 1 if values is not None else 0
    head = struct.pack("<4sIIIQ", method, len(block), size, known, xxhash.xxh64_intdigest(block))
    sys.stdout.buffer.write(head + block + (values or b""))


def write_lzma():
    for check in [lzma.CHECK_NONE, lzma.CHECK_CRC32, lzma.CHECK_CRC64, lzma.CHECK_SHA256]:
        for size in [1, 1000, 300_000]:
            for values in contents(size):
                lc, lp, pb = [(3, 0, 2), (0, 4, 0), (4, 0, 4), (1, 2, 3), (0, 0, 0)][rng.integers(0, 5)]
                how = {"id": lzma.FILTER_LZMA2, "preset": int(rng.integers(0, 10)), "lc": lc, "lp": lp, "pb": pb}
                block = lzma.compress(values, format=lzma.FORMAT_XZ, check=check, filters=[how])
                write(b"XZ  ", block, values, len(values))
    # Beyond the 2 MB of a piece.
    values = b"".join(contents(600_000)) * 2
    write(b"XZ  ", lzma.compress(values), values, len(values))


def write_lz4(damaged):
    whole = [values for size in [1, 17, 400, 3000] for values in contents(size)]
    blocks = [(values, lz4.block.compress(values, store_size=False)) for values in whole]
    for values, block in blocks:
        write(b"L4  ", block, values, len(values))
    for _ in range(damaged):
        values, block = blocks[rng.integers(0, len(blocks))]
        changed = bytearray(block)
        for _ in range(rng.integers(1, 4)):
            changed[rng.integers(0, len(changed))] = rng.choice([0, 15, 240, 255, rng.integers(0, 256)])
        changed = bytes(changed[: rng.integers(0, len(changed) + 1)] if rng.random() < 0.2 else changed)
        size = max(0, len(values) + (rng.integers(-20, 20) if rng.random() < 0.2 else 0))
        try:
            found = lz4.block.decompress(changed, uncompressed_size=int(size))
        except lz4.block.LZ4BlockError:
            found = None
        write(b"L4  ", changed, found if found is not None and len(found) == size else None, int(size))


write_lzma()
write_lz4(int(sys.argv[1]))
