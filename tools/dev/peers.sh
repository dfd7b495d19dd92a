# bench --peers: what a user would pick instead of Parley, measured beside it (tools/peers).

peers_folder=build/peers

# bench_peers [ROUNDS] [BENCH…]: 5 rounds of all, unless said. The variable PARLEY_BENCH names a
# program that is built already.
bench_peers() {
    local bench=${PARLEY_BENCH-} rounds=5 missing=() tool
    if [[ ${1-} =~ ^[0-9]+$ ]]; then
        rounds=$1
        shift
    fi
    ((EUID == 0)) || missing+=(root)
    for tool in unshare ip sysctl; do
        command -v "$tool" >/dev/null || missing+=("$tool")
    done
    ((!${#missing[@]})) || die "bench --peers: needs $(IFS=, && say "${missing[*]}"):" \
        "each run has a network namespace of its own"
    need node
    if [[ -z $bench ]]; then
        need build
        build release parley-bench
        bench=build/release/bin/parley-bench
    fi
    mkdir -p "$peers_folder" "$logs"
    peers_go
    peers_rust
    step "Measuring, $rounds rounds"
    node tools/peers/bench.mjs "$bench" "$(peers_version "$bench")" "go=$peers_go_program" \
        "rust=$peers_rust_program" "commonware=$peers_commonware_program" "$rounds" "$@"
}

# peers_version PROGRAM: the commit of the tree that it was built in.
peers_version() {
    git -c safe.directory='*' -C "$(dirname "$1")" describe --always --dirty --abbrev=8 2>/dev/null ||
        say 'not committed'
}

# peers_go: leaves the program in $peers_go_program, or "skipped: " and why there is none.
peers_go() {
    local go cache=$PWD/$peers_folder/go-cache program=$PWD/$peers_folder/go-peers
    local log=$logs/peers-go.log
    peers_go_program=$program
    [[ -x $program && -z $(find tools/peers/go -newer "$program") ]] && return
    go=$(command -v go || command -v /usr/local/go/bin/go) || {
        peers_go_program='skipped: needs Go'
        return
    }
    step "Building the peers in Go, once (3 min)"
    (cd tools/peers/go && env GOPATH="$cache" GOCACHE="$cache/build" GOFLAGS=-modcacherw GOWORK=off \
        GOAMD64="$(peers_amd64)" "$go" build -o "$program" .) >"$log" 2>&1 </dev/null || {
        peers_go_program="skipped: $(tail -n 1 "$log")"
        return
    }
    rm -rf "$cache"
}

# The level of x86-64 that Go may count on: as Rust's target-cpu=native, but in steps.
peers_amd64() {
    if grep -qm 1 '^flags.* avx2 .* bmi2 ' /proc/cpuinfo; then say v3; else say v1; fi
}

# peers_rust: the same for $peers_rust_program and $peers_commonware_program.
peers_rust() {
    local cargo target=$PWD/$peers_folder/rust log=$logs/peers-rust.log
    peers_rust_program=$target/release/peers-rust
    peers_commonware_program=$target/release/peers-commonware
    cargo=$(command -v cargo || command -v "$HOME/.cargo/bin/cargo") || {
        peers_rust_program='skipped: needs Rust'
        peers_commonware_program=$peers_rust_program
        return
    }
    step "Building the peers in Rust (10 min the first time)"
    (cd tools/peers/rust && env CARGO_TARGET_DIR="$target" RUSTFLAGS='-C target-cpu=native' \
        "$cargo" build --release --locked) >"$log" 2>&1 </dev/null || {
        peers_rust_program="skipped: $(tail -n 1 "$log")"
        peers_commonware_program=$peers_rust_program
    }
}
