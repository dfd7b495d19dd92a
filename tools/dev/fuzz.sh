# fuzz: runs every fuzz target for a while, as many at a time as there are cores. Seeds are in
# fuzz/corpus/NAME, finds go to build/fuzz/corpus/NAME and crashes to build/fuzz/crashes.

fuzz_one() {
    local name=$1 seconds=$2 seeds=()
    mkdir -p "build/fuzz/corpus/$name"
    [[ -d fuzz/corpus/$name ]] && seeds=("fuzz/corpus/$name")
    "build/fuzz/bin/${name}_fuzz" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 \
        -print_final_stats=1 -artifact_prefix="build/fuzz/crashes/$name-" \
        "build/fuzz/corpus/$name" "${seeds[@]}" >"build/fuzz/log/$name.log" 2>&1
}

fuzz_stat() {
    local value
    value=$(sed -n "s/^stat::$1: *//p" "build/fuzz/log/$2.log")
    say "${value:--}"
}

cmd_fuzz() {
    local seconds=60 names=() name path failed=0 result
    while (($#)); do
        case $1 in
            --seconds)
                seconds=${2:?a number of seconds}
                shift
                ;;
            -*) die "fuzz: no such option: $1" ;;
            *) names+=("$1") ;;
        esac
        shift
    done
    need build fuzz
    if ((!${#names[@]})); then
        for path in fuzz/*_fuzz.cpp; do
            [[ -e $path ]] || die "there are no fuzz targets"
            name=${path##*/}
            names+=("${name%_fuzz.cpp}")
        done
    fi
    for name in "${names[@]}"; do
        [[ -f fuzz/${name}_fuzz.cpp ]] || die "no such fuzz target: $name"
    done
    build fuzz "${names[@]/%/_fuzz}"

    step "Fuzzing ${#names[@]} targets, $seconds s each"
    mkdir -p build/fuzz/log build/fuzz/crashes
    for name in "${names[@]}"; do
        rm -f "build/fuzz/log/$name.status"
        while (($(jobs -rp | wc -l) >= jobs)); do wait -n || true; done
        say "    $name"
        (
            fuzz_one "$name" "$seconds" && status=0 || status=$?
            say "$status" >"build/fuzz/log/$name.status"
        ) &
    done
    wait

    printf '\n%-24s %12s %10s %6s  %s\n' target runs exec/s new result
    for name in "${names[@]}"; do
        result="${green}ok$plain"
        if [[ $(<"build/fuzz/log/$name.status") != 0 ]]; then
            failed=$((failed + 1))
            result="${red}finding, see build/fuzz/log/$name.log$plain"
        fi
        printf '%-24s %12s %10s %6s  %s\n' "$name" "$(fuzz_stat number_of_executed_units "$name")" \
            "$(fuzz_stat average_exec_per_sec "$name")" "$(fuzz_stat new_units_added "$name")" "$result"
    done
    ((!failed)) || die "$failed of ${#names[@]} fuzz targets found something"
}
