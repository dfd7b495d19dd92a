#!/usr/bin/env bash
# The test of what is made of the runs. Where there is no Node.js it is skipped (exit status 77), or
# failed where CI=true.
set -euo pipefail
command -v node >/dev/null || {
    if [[ ${CI-} == true ]]; then
        echo "tools/peers: failed: needs node (apt install nodejs)"
        exit 1
    fi
    echo "tools/peers: skipped: needs node (apt install nodejs)"
    exit 77
}
exec node --test "$(dirname "${BASH_SOURCE[0]}")/summary_test.mjs"
