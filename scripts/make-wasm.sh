#!/bin/sh
# Makes each .wasm of the .wat beside it, by the WebAssembly binary toolkit; a test compares both with what is noted here,
# so that neither is changed without the other.
set -eu
cd "$(dirname "$0")/.."
modules="core/math/philox modules/root/worker/lz4"
for module in $modules; do
  npx --yes --package wabt@1.0.39 wat2wasm "$module.wat" --output "$module.wasm"
done
for module in $modules; do sha256sum "$module.wat" "$module.wasm"; done > test/fixtures/wasm.sha256
