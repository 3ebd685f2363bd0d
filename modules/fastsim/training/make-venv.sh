#!/bin/sh
# Makes .venv-training at the root of the repository: the system's PyTorch plus the pinned packages of requirements.txt.
# Does nothing when it is already there and up to date. Prints the path of its interpreter.
#
# On Debian PyTorch is `apt-get install python3-torch python3-venv`. Elsewhere (a GPU machine, a container) name the
# interpreter that has it: PYTHON=/opt/conda/bin/python make-venv.sh. One that already has every package is used as it is.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
venv="$root/.venv-training"
wanted="$here/requirements.txt"
python=${PYTHON:-/usr/bin/python3}

if cmp -s "$wanted" "$venv/installed.txt"; then
  echo "$venv/bin/python"
  exit 0
fi
if ! "$python" -c 'import torch' 2>/dev/null; then
  echo "The recipe needs PyTorch, which $python does not have. On Debian: apt-get install python3-torch python3-venv." >&2
  echo "Elsewhere name an interpreter that has it: PYTHON=/path/to/python $0" >&2
  exit 1
fi
if [ -n "${PYTHON:-}" ] && "$python" -c 'import h5py, onnx, onnxruntime, scipy, sklearn' 2>/dev/null; then
  echo "$python"
  exit 0
fi
"$python" -m venv --system-site-packages "$venv" >&2
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --requirement "$wanted" >&2
"$venv/bin/python" -c 'import h5py, onnx, onnxruntime, sklearn, torch' >&2
cp "$wanted" "$venv/installed.txt"
echo "$venv/bin/python"
