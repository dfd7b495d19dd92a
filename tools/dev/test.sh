# test: builds and runs everything that ctest knows. The last line is "N passed, N failed", and
# ", N skipped" where there are some.

# junit_count ATTRIBUTE FILE
junit_count() {
    sed -n "s/.*[[:space:]]$1=\"\([0-9]*\)\".*/\1/p" "$2" | head -n 1
}

cmd_test() {
    local preset=dev targets=() filter=() status=0 start results total failed skipped
    while (($#)); do
        case $1 in
            --preset)
                preset=${2:?a preset, such as asan}
                shift
                ;;
            --build)
                read -r -a targets <<<"${2:?targets to build instead of all}"
                shift
                ;;
            -*) die "test: no such option: $1" ;;
            *) filter=(-R "$1") ;;
        esac
        shift
    done
    [[ $preset =~ ^(dev|asan|tsan)$ ]] || die "test: no preset with tests: $preset"
    need build test
    if [[ $preset == dev && ${CI-} == true ]]; then
        need web
        need_npm
    fi
    build "$preset" "${targets[@]}"

    step "Testing"
    start=$SECONDS
    results=$PWD/build/$preset/test-results.xml
    rm -f "$results"
    ctest --test-dir "build/$preset" -j "$jobs" --output-on-failure --no-tests=error \
        --output-junit "$results" "${filter[@]}" || status=$?
    [[ -f $results ]] || die "no test ran"
    done_in "$start"

    # One attribute a line, as the report is written; "tests" counts all, those not run included.
    total=$(junit_count tests "$results")
    failed=$(junit_count failures "$results")
    skipped=$(($(junit_count skipped "$results") + $(junit_count disabled "$results")))
    say "$((total - failed - skipped)) passed, $failed failed$( ((skipped)) && say ", $skipped skipped")"
    return "$status"
}
