#!/usr/bin/env bash
# Compiles verifier.cpp and what it needs of Parley to WebAssembly: build.sh SOURCES OUTPUT, where
# SOURCES is Parley's tree. Needs, of Debian 12: clang-19 lld-19 wasi-libc libc++-19-dev-wasm32
# libclang-rt-19-dev-wasm32 libfmt-dev libboost-dev.
set -euo pipefail
tree=${1:?the tree of Parley}
output=$(realpath -m "${2:?the file to make}")
cd "$tree/parley"
objects=$(mktemp -d)
trap 'rm -rf "$objects"' EXIT
flags=(--target=wasm32-wasi -std=c++23 -stdlib=libc++ -Os -DNDEBUG -DFMT_HEADER_ONLY=1
    # Nothing throws here: what cannot go on ends.
    -fwasm-exceptions -I.. -idirafter /usr/include)
for source in "$tree/examples/wasm/verifier.cpp" \
    base/bytes.cpp base/uint256.cpp codec/rlp.cpp crypto/keccak_batch.cpp \
    chain/consensus/qbft/extra_data.cpp \
    chain/trie/{commit,dirty_tree,held_nodes,leaf_rlp,level_update,nibbles,node,proof,raw_branch,walk}.cpp \
    chain/types/{account,address,block_error,bloom,fork,header,transaction}.cpp; do
    clang++-19 "${flags[@]}" -c "$source" -o "$objects/$(basename "$source" .cpp).o"
done
clang++-19 --target=wasm32-wasi -stdlib=libc++ -mexec-model=reactor -Wl,--strip-all \
    "$objects"/*.o -o "$output"
