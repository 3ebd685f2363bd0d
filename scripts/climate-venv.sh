#!/bin/sh
# Makes .venv-climate with xclim, xarray and netCDF4, by which tests and benches check climate indices and files.
# Does nothing when it is already there and up to date. Prints the path of its interpreter.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
venv="$root/.venv-climate"
wanted="$root/scripts/climate-requirements.txt"
if ! cmp -s "$wanted" "$venv/installed.txt"; then
  python3 -m venv "$venv" >&2
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --requirement "$wanted" >&2
  cp "$wanted" "$venv/installed.txt"
fi
echo "$venv/bin/python"
