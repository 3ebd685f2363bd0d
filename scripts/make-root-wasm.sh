#!/bin/sh
# Makes modules/root/worker/lz4.wasm of lz4.wat, by the WebAssembly binary toolkit.
set -eu
cd "$(dirname "$0")/../modules/root/worker"
npx --yes --package wabt@1.0.39 wat2wasm lz4.wat --output lz4.wasm
