#!/usr/bin/env bash
# run.sh TEST: runs web/test/TEST_test.mjs. What it needs and is not there makes it skipped (exit
# status 77), or failed where CI=true.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

lacks() {
    if [[ ${CI-} == true ]]; then
        echo "web/$test: failed: needs $1"
        exit 1
    fi
    echo "web/$test: skipped: needs $1"
    exit 77
}

test=$1
command -v node >/dev/null || lacks "node (apt install nodejs)"
for package in esbuild uplot playwright-core; do
    [[ -d node_modules/$package ]] || lacks "npm ci"
done
if [[ $test != bundle ]]; then
    [[ -x ${CHROMIUM:-/usr/bin/chromium} ]] || lacks "Chromium (apt install chromium)"
fi
if [[ $test == network ]]; then
    [[ -x ${PARLEY:-build/release/bin/parley} ]] || lacks "a parley (PARLEY=...)"
fi
exec node --test "web/test/${test}_test.mjs"
