"""Writes test/fixtures/math/noise.json: the noise of a generator graph, computed by numpy and scipy instead of by us.

    .venv/bin/python scripts/make-noise-oracles.py

This is also a second implementation of the definition in docs/reference/generator-graph.md, for whoever writes a third.
"""
import json
from pathlib import Path

import numpy as np
import scipy
from scipy import special

OUT = Path(__file__).parent.parent / "test/fixtures/math/noise.json"
MASK = 0xFFFFFFFF


def philox4x32(counter, key):
    """Philox4x32-10 as Random123 has it: four words for a counter of four and a key of two, least significant first."""
    c, (k0, k1) = list(counter), key
    for _ in range(10):
        high0, low0 = divmod(0xD2511F53 * c[0], 1 << 32)
        high1, low1 = divmod(0xCD9E8D57 * c[2], 1 << 32)
        c = [high1 ^ c[1] ^ k0, low1, high0 ^ c[3] ^ k1, low0]
        k0, k1 = (k0 + 0x9E3779B9) & MASK, (k1 + 0xBB67AE85) & MASK
    return c


# Random123's known answers.
assert philox4x32([0] * 4, [0] * 2) == [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]
assert philox4x32([MASK] * 4, [MASK] * 2) == [0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD]


def fnv1a(text):
    """FNV-1a with 32 bits, of the text in UTF-8."""
    value = 0x811C9DC5
    for byte in text.encode():
        value = ((value ^ byte) * 0x01000193) & MASK
    return value


def words(seed, event_id, purpose, count):
    event_id %= 1 << 64
    key = [seed & MASK, seed >> 32]
    blocks = (philox4x32([block, purpose, event_id & MASK, event_id >> 32], key) for block in range((count + 3) // 4))
    return np.array([word for block in blocks for word in block][:count], dtype=np.float64)


def uniform(bits):
    return ((np.floor(bits / 512) + 0.5) / 2**23).astype(np.float32)


def normal(bits):
    """The quantile, mirrored in the upper half: (word + 0.5) / 2^32 is exact, one minus it too."""
    lower = np.minimum(bits, MASK - bits)
    return (np.where(bits < 2**31, 1, -1) * special.ndtri((lower + 0.5) / 2**32)).astype(np.float32)


ends = np.array([0, 1, 2, 511, 512, 513, 2**31 - 1, 2**31, 2**31 + 1, MASK - 512, MASK - 1, MASK, 322122547, 322122548,
                 3972844747, 3972844748], dtype=np.float64)
streams = [
    {"seed": str(seed), "id": str(event_id), "purpose": fnv1a(name), "name": name}
    for seed, event_id, name in [(7, 3, "normal/0"), (0, 0, "uniform/0"), (2**64 - 1, -(2**63), "latent/2"), (2**40 + 5, 2**63 - 1, "é/1")]
]
for stream in streams:
    bits = words(int(stream["seed"]), int(stream["id"]), stream["purpose"], 300)
    stream["uniform"] = uniform(bits).tolist()
    stream["normal"] = normal(bits).tolist()
document = {
    "madeBy": {"numpy": np.__version__, "scipy": scipy.__version__},
    "words": ends.tolist(),
    "uniform": uniform(ends).tolist(),
    "normal": normal(ends).tolist(),
    "streams": streams,
}
OUT.write_text(json.dumps(document) + "\n")
