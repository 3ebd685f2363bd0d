#!/bin/sh
# Makes .venv-triton with a stock Triton inference server, as NVIDIA builds it for pytriton, and its Python backend; tests serve
# ONNX models by it, on the CPU. Does nothing when it is already there and up to date. Prints the path of the server.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
venv="$root/.venv-triton"
wanted="$root/scripts/triton-requirements.txt"
if ! cmp -s "$wanted" "$venv/installed.txt"; then
  python3 -m venv "$venv" >&2
  # Only the server is used: pytriton's own dependencies, some hundred megabytes, stay away.
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --requirement "$wanted" >&2
  server=$(echo "$venv"/lib/python3*/site-packages/pytriton/tritonserver)
  version=$("$venv/bin/python" -c 'import sys; print(*sys.version_info[:2], sep=".")')
  # The process that runs models links one version of Python. It needs that version's shared library: on Debian, libpython3.11.
  cp "$server/python_backend_stubs/$version/triton_python_backend_stub" "$server/backends/python/"
  cp "$wanted" "$venv/installed.txt"
fi
echo "$venv"/lib/python3*/site-packages/pytriton/tritonserver/bin/tritonserver
