"""Where a result comes from: code, versions, hardware, time; and JSON that is either whole or not there."""

import hashlib
import json
import os
import platform
import sys
import time
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

import torch

from .errors import RecipeError

PACKAGES = ("numpy", "scipy", "h5py", "scikit-learn", "onnx", "onnxruntime")


def write_json(path: str, document: Any) -> None:
    """Makes the folder where it is absent. NaN is refused: no other program would read it."""
    folder = os.path.dirname(os.path.abspath(path))
    os.makedirs(folder, exist_ok=True)
    with open(path + ".part", "w") as file:
        json.dump(document, file, indent=2, ensure_ascii=False, allow_nan=False)
        file.write("\n")
    os.replace(path + ".part", path)


def read_json(path: str | Path) -> Any:
    try:
        return json.loads(Path(path).read_text())
    except ValueError as error:
        raise RecipeError(f"{path} is not JSON ({error}): it is damaged. Delete it; the recipe makes it again.") from error


def digest(path: str | Path) -> str:
    """SHA-256 of a file, 64 hexadecimal digits."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def code() -> dict:
    """The sources of this package as one digest: of the names and contents of its files, in the order of the names."""
    result = hashlib.sha256()
    for source in sorted(Path(__file__).parent.glob("*.py")):
        result.update(source.name.encode() + b"\0" + source.read_bytes())
    return {"package": "twinloom_training", "sha256": result.hexdigest()}


def versions() -> dict:
    """Of Python and of everything that numbers may depend on."""
    return {
        "python": platform.python_version(),
        "torch": torch.__version__,
        **{name: metadata.version(name) for name in PACKAGES},
    }


def hardware() -> dict:
    cuda = torch.cuda.is_available()
    return {
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "gpu": torch.cuda.get_device_name() if cuda else None,
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30),
    }


def made(started: float, command: str = "") -> dict:
    """`started` is what `time.monotonic()` said then."""
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "seconds": round(time.monotonic() - started, 1),
        "command": command or "python -m twinloom_training",
        "code": code(),
        "versions": versions(),
        "hardware": hardware(),
    }


def _cpu() -> str:
    if sys.platform == "linux":
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()
