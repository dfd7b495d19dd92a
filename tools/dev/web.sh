# web: bundles the page of a node, tests it in Chromium, and measures what it costs.

cmd_web() {
    local check='' picture='' measure='' test status=0
    while (($#)); do
        case $1 in
            --check) check=--check ;;
            --picture) picture=1 ;;
            --measure) measure=1 ;;
            *) die "web: no such option: $1" ;;
        esac
        shift
    done
    need build node web
    need_npm
    step "Bundling the page"
    node web/bundle.mjs $check
    build release parley
    if [[ $measure ]]; then
        step "Measuring the page (5 min)"
        node web/test/measure.mjs
        return
    fi
    for test in bundle fake network; do
        step "Testing: $test"
        PICTURE=$picture web/test/run.sh "$test" || status=1
    done
    say "pictures of the page: build/web"
    return "$status"
}
