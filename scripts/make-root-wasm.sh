#!/bin/sh
# Makes modules/root/worker/lz4.wasm of lz4.wat, by the WebAssembly binary toolkit; a test compares both with what is noted
# here, so that neither is changed without the other.
set -eu
fixtures="$(cd "$(dirname "$0")/../test/fixtures/root" && pwd)"
cd "$(dirname "$0")/../modules/root/worker"
npx --yes --package wabt@1.0.39 wat2wasm lz4.wat --output lz4.wasm
sha256sum lz4.wat lz4.wasm > "$fixtures/lz4.sha256"
