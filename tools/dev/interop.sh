# interop: our node and other implementations of the same protocol, on the loopback.

geth_version=v1.17.10 # of go-ethereum, whose devp2p has tests for any node
geth_module=github.com/ethereum/go-ethereum
interop_cache=build/interop

cmd_interop() {
    case ${1:-} in
        discv5 | wallets) "interop_$1" "${@:2}" ;;
        ledger)
            need build
            interop_ledger
            ;;
        *) die "interop: in what? There are: discv5, ledger, wallets" ;;
    esac
}

interop_discv5() {
    local status=0 bench='' parts=()
    while (($#)); do
        case $1 in
            --bench) bench=1 ;;
            go-ethereum | chainsafe) parts+=("$1") ;;
            *) die "interop: no such option or implementation: $1" ;;
        esac
        shift
    done
    need build
    mkdir -p "$interop_cache"
    if [[ $bench ]]; then
        build release parley discv5-load
        interop_chainsafe discv5_bench.mjs
        return
    fi
    build release parley
    ((${#parts[@]})) || parts=(go-ethereum chainsafe)
    if [[ " ${parts[*]} " == *' go-ethereum '* ]]; then interop_geth || status=1; fi
    if [[ " ${parts[*]} " == *' chainsafe '* ]]; then interop_chainsafe discv5.mjs || status=1; fi
    return "$status"
}

# skipped NAME REASON: neither passed nor failed.
skipped() { say "$1: skipped: $2"; }

# --- go-ethereum: devp2p discv5 test ---

interop_geth() {
    local devp2p=$interop_cache/devp2p-$geth_version go
    if [[ ! -x $devp2p ]]; then
        go=$(command -v go || command -v /usr/local/go/bin/go) || {
            skipped go-ethereum 'needs Go'
            return
        }
        build_devp2p || return 0
    fi
    step "go-ethereum $geth_version: devp2p discv5 test"
    with_node run_devp2p
}

# build_devp2p: leaves it in $devp2p, and nothing else. False: it cannot be had here, as was said.
build_devp2p() {
    local folder=$PWD/$interop_cache/go version log=$logs/devp2p.log
    version=$("$go" env GOVERSION)
    # From 1.21 on it gets the version that a module wants by itself.
    [[ $version =~ ^go1\.([0-9]+) ]] && ((BASH_REMATCH[1] < 21)) && {
        skipped go-ethereum "needs Go 1.21 or later; this is ${version#go}"
        return 1
    }
    local environment=(GOPATH="$folder" GOCACHE="$folder/cache" GOBIN="$folder/bin"
        GOFLAGS=-modcacherw GOWORK=off)
    step "Building devp2p of go-ethereum $geth_version, once (3 min)"
    mkdir -p "$logs"
    env "${environment[@]}" "$go" mod download "$geth_module@$geth_version" >"$log" 2>&1 </dev/null || {
        skipped go-ethereum "no $geth_version from the module proxy: $(tail -n 1 "$log")"
        return 1
    }
    quietly devp2p.log env "${environment[@]}" "$go" install "$geth_module/cmd/devp2p@$geth_version"
    mv "$folder/bin/devp2p" "$devp2p"
    rm -rf "$folder"
}

# with_node COMMAND: runs it with the record of a new node that knows nobody as its argument.
with_node() {
    local folder status=0
    folder=$(mktemp -d "${TMPDIR:-/tmp}/parley-XXXXXX")
    (
        parley=build/release/bin/parley
        "$parley" init "$folder/node" --private --listen 127.0.0.1:0 --http off >"$folder/log" ||
            die "the node has no folder"
        "$parley" run "$folder/node" >>"$folder/log" 2>&1 &
        node=$!
        trap 'kill "$node" 2>/dev/null; wait "$node" 2>/dev/null || true' EXIT
        trap 'exit 130' INT TERM
        for ((i = 0; i < 100; ++i)); do
            record=$("$parley" status "$folder/node" --json 2>/dev/null |
                sed -n 's/.*"enr":"\([^"]*\)".*/\1/p') && [[ $record ]] && break
            kill -0 "$node" 2>/dev/null || die "the node ended: $(tail -n 1 "$folder/log")"
            sleep 0.1
        done
        [[ $record ]] || die "the node does not answer within 10 s"
        "$1" "$record"
    ) || status=$?
    if ((status)); then
        say "    ${dim}what the node logged is in $folder/log$plain"
    else
        rm -rf "$folder"
    fi
    return "$status"
}

# Each test's result is a line; of one that fails, also what it said.
run_devp2p() {
    local line said=() passed=0 failed=0
    while IFS= read -r line; do
        case $line in
            '-- RUN '*) said=() ;;
            '-- OK '*)
                devp2p_line "${green}✓$plain" "${line#-- OK }"
                passed=$((passed + 1))
                ;;
            '-- FAIL '*)
                devp2p_line "${red}✗$plain" "${line#-- FAIL }"
                printf '     %s\n' "${said[@]}"
                failed=$((failed + 1))
                ;;
            *) said+=("$line") ;;
        esac
    done < <(timeout 300 "$devp2p" discv5 test --listen1 127.0.0.1 --listen2 127.0.0.2 "$1" 2>&1)
    ((passed + failed)) || printf '     %s\n' "no test ran" "${said[@]}"
    say "go-ethereum: $passed passed, $failed failed"
    ((passed && !failed))
}

# devp2p_line MARK "NAME (TIME)"
devp2p_line() {
    local time=${2##*(}
    if [[ $tty ]]; then
        printf '  %s %-46s %s\n' "$1" "${2% (*}" "$dim${time%)}$plain"
    else
        say "  $1 ${2% (*} ${time%)}"
    fi
}

# --- @chainsafe/discv5 ---

# interop_chainsafe SCRIPT
interop_chainsafe() {
    need_npm
    step "@chainsafe/discv5 $(node -p 'require("./package.json").devDependencies["@chainsafe/discv5"]')"
    node "tools/interop/$1"
}

# --- wallets: ethers, viem, web3.js, web3.py, cast ---

# interop_wallets [NAME…]
interop_wallets() {
    local folder=$interop_cache/wallets
    need build node
    mkdir -p "$folder"
    build release parley
    need_wallets
    WALLETS_PYTHON=$PWD/$folder/venv/bin/python node tools/interop/wallets/wallets.mjs "$@"
}

# need_wallets: the libraries, in build/interop/wallets: those of npm linked to where the scripts
# look for them, those of pip in a Python of their own. What cannot be had is left to the scripts.
need_wallets() {
    local from=tools/interop/wallets to=$interop_cache/wallets wanted
    wanted=$(sha256sum "$from/package-lock.json")
    if [[ ! -f $to/npm.installed || $(<"$to/npm.installed") != "$wanted" ]]; then
        step "Installing from npm: $(node -p 'Object.entries(require("./'"$from"'/package.json")
            .devDependencies).map(([name, version]) => name + " " + version).join(", ")')"
        cp "$from"/package{,-lock}.json "$to"
        (cd "$to" && npm ci --ignore-scripts --no-audit --no-fund >npm.log 2>&1) ||
            die "the libraries cannot be had from npm: $(tail -n 1 "$to/npm.log")"
        say "$wanted" >"$to/npm.installed"
    fi
    ln -sfn "$PWD/$to/node_modules" "$from/node_modules"
    wanted=$(sha256sum "$from/requirements.txt")
    [[ -f $to/pip.installed && $(<"$to/pip.installed") == "$wanted" ]] && return
    step "Installing from pip: $(grep -v '^#' "$from/requirements.txt" | head -n 1)"
    { python3 -m venv --clear "$to/venv" &&
        "$to/venv/bin/pip" install -r "$from/requirements.txt"; } >"$to/pip.log" 2>&1 ||
        { say "    ${dim}$(tail -n 1 "$to/pip.log")$plain" && return; }
    say "$wanted" >"$to/pip.installed"
}
