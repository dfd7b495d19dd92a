#!/usr/bin/env bash
# Proves the handshake with ProVerif, and shows that it notices what is left out of it.
# Usage: run.sh [--privacy]; needs proverif on the PATH. docs/decisions/handshake-proofs.md explains
# each line.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
status=0

# queries NUMBER...: those of authentication.pv, and its process.
queries() {
    awk -v wanted=" $* " '
        /^\(\* [0-9]+:/ { number = $2; sub(":", "", number); shown = index(wanted, " " number " ") }
        /^process/ { shown = 1 }
        shown' authentication.pv
}

# prove NAME EXPECTED FILE...: the verdicts of proverif, query by query, are the expected ones.
prove() {
    local name=$1 expected=$2 got start=$SECONDS
    shift 2
    cat "$@" >"$work/$name.pv"
    got=$(proverif "$work/$name.pv" | sed -n '/^RESULT (even/d; s/^RESULT .* \(is true\|is false\|cannot be proved\).*/\1/p' |
        sed 's/is //; s/cannot be proved/unproved/' | tr '\n' ' ')
    got=${got% }
    printf '%-34s %s (%d s)\n' "$name" "${got:-nothing}" "$((SECONDS - start))"
    [[ $got == "$expected" ]] && return
    printf '    expected %s\n' "$expected"
    status=1
}

queries 1 2 3 4 5 6 7 8 9 >"$work/all"
prove authentication "true true true true true true true false false" roles.pv "$work/all"
if [[ ${1:-} == --privacy ]]; then
    prove privacy_of_initiator true roles.pv privacy_of_initiator.pv
    prove privacy_of_responder true roles.pv privacy_of_responder.pv
fi
for mutation in mutations/*.sed; do
    name=$(basename "$mutation" .sed)
    sed -f "$mutation" roles.pv >"$work/roles"
    if fails=$(sed -n '1s/.*: fails //p' "$mutation") && [[ -n $fails ]]; then
        verdict=false
    else
        fails="3 4 5 6 7"
        verdict=true
    fi
    # shellcheck disable=SC2086 # numbers
    queries $fails >"$work/queries"
    # shellcheck disable=SC2001
    prove "$name" "$(sed "s/[0-9]/$verdict/g" <<<"$fails")" "$work/roles" "$work/queries"
done
exit "$status"
