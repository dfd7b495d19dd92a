# interop ledger: the same blocks by us, by go-ethereum and by the executable specification of
# Ethereum (PyPI: ethereum-execution), each made here and imported there: heads and roots agree.

eels_version=2.20.0
ledger_blocks=1000
ledger_geth_program=$PWD/$interop_cache/ledger-geth

interop_ledger() {
    local folder geth=$ledger_geth_program eels=$PWD/$interop_cache/eels status=0 have=()
    build release parley chain-maker
    mkdir -p "$interop_cache"
    if ledger_geth; then have+=(geth); fi
    if ledger_eels; then have+=(eels); fi
    folder=$(mktemp -d "${TMPDIR:-/tmp}/parley-XXXXXX")
    mkdir "$folder/theirs" "$folder/ours"
    if [[ " ${have[*]} " == *' geth '* ]]; then theirs_here "$folder" || status=1; fi
    if ((${#have[@]})); then ours_there "$folder" || status=1; fi
    if ((status)); then say "    ${dim}the files are in $folder$plain"; else rm -rf "$folder"; fi
    return "$status"
}

# The program of tools/interop/ledger. False: it cannot be had here, as was said.
ledger_geth() {
    local go geth=$ledger_geth_program log=$logs/ledger-geth.log cache=$PWD/$interop_cache/go
    [[ -x $geth && $geth -nt tools/interop/ledger/main.go ]] && return
    go=$(command -v go || command -v /usr/local/go/bin/go) || {
        skipped go-ethereum 'needs Go'
        return 1
    }
    step "Building with go-ethereum $geth_version, once (3 min)"
    mkdir -p "$logs" "$interop_cache"
    (cd tools/interop/ledger && env GOPATH="$cache" GOCACHE="$cache/cache" GOFLAGS=-modcacherw GOWORK=off \
        "$go" build -o "$geth" .) >"$log" 2>&1 </dev/null || {
        skipped go-ethereum "$(tail -n 1 "$log")"
        return 1
    }
    rm -rf "$cache"
}

ledger_eels() {
    [[ -x $eels/bin/python && -e $eels/$eels_version ]] && return
    step "ethereum-execution $eels_version of PyPI"
    rm -rf "$eels"
    mkdir -p "$logs"
    { python3 -m venv "$eels" && "$eels/bin/pip" install -q "ethereum-execution==$eels_version"; } \
        >"$logs/eels.log" 2>&1 || {
        skipped ethereum-execution "$(tail -n 1 "$logs/eels.log")"
        return 1
    }
    : >"$eels/$eels_version"
}

# json_field NAME TEXT
json_field() { sed -n "s/.*\"$1\": *\"\{0,1\}\([^\",}]*\).*/\1/p" <<<"$2"; }

# agrees WHO SUMMARY: with $expected, in hash and state root.
agrees() {
    local field
    for field in number hash stateRoot; do
        [[ $(json_field "$field" "$2") == "$(json_field "$field" "$expected")" ]] && continue
        say "  ${red}✗$plain $1: $field is $(json_field "$field" "$2"), expected $(json_field "$field" "$expected")"
        return 1
    done
    say "  ${green}✓$plain $1: block $(json_field number "$2"), state $(json_field stateRoot "$2" | cut -c 1-10)…"
}

# A chain of go-ethereum, imported by us.
theirs_here() {
    local parley=build/release/bin/parley theirs=$1/theirs expected summary
    step "A chain of go-ethereum's: $ledger_blocks blocks, from Paris to Cancun"
    "$geth" make "$theirs" "$ledger_blocks" || return 1
    expected=$(<"$theirs/summary.json")
    "$parley" init "$1/node" --chain "$theirs/genesis.json" --engine unsealed --http off >/dev/null || return 1
    summary=$("$parley" chain import "$1/node" "$theirs/blocks.rlp" --json) || return 1
    agrees "Parley imports it ($(json_field seconds "$summary") s)" "$summary" || return 1
    "$parley" chain export "$1/node" "$1/exported.rlp" 2>/dev/null || return 1
    cmp "$theirs/blocks.rlp" "$1/exported.rlp" || return 1
    say "  ${green}✓$plain Parley exports the same bytes"
    summary=$("$geth" import "$theirs/genesis.json" "$theirs/blocks.rlp") || return 1
    agrees "go-ethereum imports it ($(json_field seconds "$summary") s)" "$summary" || return 1
    [[ " ${have[*]} " == *' eels '* ]] || return 0
    summary=$("$eels/bin/python" tools/interop/ledger/replay.py "$theirs/genesis.json" "$theirs/blocks.rlp") || return 1
    agrees "ethereum-execution replays it" "$summary"
}

# A chain of ours, imported by others.
ours_there() {
    local ours=$1/ours expected summary
    step "A chain of ours: $ledger_blocks blocks of one signer, from Paris to Cancun"
    expected=$(build/release/bin/chain-maker "$ours" "$ledger_blocks") || return 1
    if [[ " ${have[*]} " == *' geth '* ]]; then
        summary=$("$geth" import "$ours/genesis.json" "$ours/blocks.rlp") || return 1
        agrees "go-ethereum imports it" "$summary" || return 1
    fi
    [[ " ${have[*]} " == *' eels '* ]] || return 0
    summary=$("$eels/bin/python" tools/interop/ledger/replay.py "$ours/genesis.json" "$ours/blocks.rlp") || return 1
    agrees "ethereum-execution replays it" "$summary"
}
