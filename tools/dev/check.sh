# check: all that must hold before work counts as done. Each step that passed is remembered by what
# the sources were, so that a run that was interrupted goes on where it was; at the end comes a table.

# CI=true: a test that lacks what it needs fails, instead of being skipped.
# STEP|the command of ./dev|what it does
check_steps=(
    "lint|lint|layout, layers, clang-tidy"
    "test|test|all tests"
    "asan|test --preset asan|all tests, with the address and undefined behaviour sanitizers"
    "tsan|test --preset tsan|all tests, with the thread sanitizer"
    "fuzz|fuzz --seconds 60|every fuzz target, a minute each"
    "chaos|chaos|real faults on real nodes"
    "sim|sim --hours 0.5|30 minutes of new seeds in the simulator"
    "package|package --check|the Debian packages, from installing to purging"
    "bare|bare|the README's commands on a bare Debian 12"
)

# The text of everything that is in the tree, committed or not.
check_key() {
    local file
    git -c safe.directory='*' ls-files --cached --others --exclude-standard |
        while read -r file; do
            if [[ -f $file ]]; then sha256sum "$file"; fi
        done | sha256sum | cut -c 1-16
}

cmd_check() {
    local key entry name command what mark start status took rows=() failed=0 known=""
    for entry in "${check_steps[@]}"; do known+=" ${entry%%|*}"; done
    for name in "$@"; do
        [[ "$known " == *" $name "* ]] || die "check: no step $name; there are$known"
    done
    mkdir -p build/check
    key=$(check_key)
    for entry in "${check_steps[@]}"; do
        IFS='|' read -r name command what <<<"$entry"
        (($# == 0)) || [[ " $* " == *" $name "* ]] || continue
        mark=build/check/$key-$name
        if [[ -e $mark ]]; then
            rows+=("$name|passed|$(<"$mark"), before|$what")
            continue
        fi
        step "check: $name: $what"
        start=$SECONDS status=0
        # shellcheck disable=SC2086 # the words of a command
        CI=true ./dev $command 2>&1 | tee "build/check/$name.log" || status=$?
        took=$(duration $((SECONDS - start)))
        if ((status)); then
            failed=$((failed + 1))
            rows+=("$name|FAILED|$took|$what: build/check/$name.log")
        else
            say "$took" >"$mark"
            rows+=("$name|passed|$took|$what")
        fi
    done
    printf '\n%-7s  %-6s  %-20s  %s\n' step result time what
    for entry in "${rows[@]}"; do
        IFS='|' read -r name status took what <<<"$entry"
        printf '%-7s  %-6s  %-20s  %s\n' "$name" "$status" "$took" "$what"
    done
    ((!failed)) || die "check: $failed did not pass"
}
