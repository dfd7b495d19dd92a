# chaos: real faults on real processes (tools/chaos), in network namespaces of their own.

cmd_chaos() {
    local status=0
    need build
    # Without root all is skipped, and says why.
    if ((EUID == 0)); then need chaos; fi
    build release parley parley-chaos
    # What the nodes wrote stays where something did not hold.
    TMPDIR=$(mktemp -d "${TMPDIR:-/tmp}/parley-XXXXXX")
    export TMPDIR
    trap 'rm -rf "$TMPDIR"; exit 130' INT TERM
    build/release/bin/parley-chaos "$@" || status=$?
    ((status == 1)) || rm -rf "$TMPDIR"
    return "$status"
}
