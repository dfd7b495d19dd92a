# build, bench, demo.

# build PRESET [TARGET…]
build() {
    local preset=$1 start=$SECONDS quiet=() options=()
    shift
    # A machine that builds once, from nothing.
    [[ ${CI-} != true || $preset != dev ]] || options=(-D PARLEY_UNITY=ON)
    [[ build/$preset/build.ninja -nt CMakePresets.json ]] || {
        step "Configuring $preset"
        quietly "configure-$preset.log" cmake --preset "$preset" "${options[@]}"
    }
    step "Building $preset${*:+: $*}"
    [[ $tty ]] || quiet=(-- --quiet)
    NINJA_STATUS='    [%f/%t, %es] ' cmake --build "build/$preset" -j "$jobs" ${*:+--target "$@"} "${quiet[@]}" ||
        die "the build failed"
    done_in "$start"
}

cmd_build() {
    local preset=${1:-dev}
    need build
    case $preset in
        fuzz) need fuzz ;;
        tidy) need lint ;;
        clang) need fuzz ;;
        dev | release | asan | tsan) ;;
        *) die "no such preset: $preset" ;;
    esac
    build "$preset"
}

cmd_bench() {
    if [[ ${1-} == --peers ]]; then
        bench_peers "${@:2}"
        return
    fi
    need build bench
    build release parley-bench >&2
    # Where there is Go: go-ethereum beside us.
    if [[ $# == 0 || " $* " == *' ledger.import_geth '* ]] && ledger_geth >&2; then
        export PARLEY_LEDGER_GETH=$ledger_geth_program
    fi
    build/release/bin/parley-bench "$@"
}

cmd_demo() {
    need build node
    need_npm
    build release parley
    exec node tools/demo/demo.mjs "$@"
}
