# What has to be on the machine: Debian 12 packages in groups, so that each command installs only
# what it needs, and npm's packages. An entry COMMAND:PACKAGE is there if the command is, whoever
# installed it.

declare -A packages=(
    [build]="cmake:cmake ninja:ninja-build g++:g++ ccache:ccache pkg-config:pkg-config
        libboost1.81-dev libboost-json1.81-dev libssl-dev libsecp256k1-dev libcrypto++-dev
        liblmdb-dev libminiupnpc-dev libfmt-dev libcli11-dev libtomlplusplus-dev prometheus-cpp-dev
        doctest-dev libprotobuf-dev protoc:protobuf-compiler"
    [test]="microsocks:microsocks"
    [bench]="iperf3:iperf3"
    [chaos]="faketime:faketime"
    [node]="node:nodejs npm:npm"
    [web]="chromium:chromium fonts-inter fonts-noto-cjk"
    [docs]="doxygen:doxygen"
    [bare]="debootstrap:debootstrap"
    [package]="dpkg-shlibdeps:dpkg-dev strip:binutils"
    [package_check]="debootstrap:debootstrap lintian:lintian mandoc:mandoc zsh:zsh fish:fish"
    [format]="clang-format-19:clang-format-19"
    [lint]="clang++-19:clang-19 clang-tidy-19:clang-tidy-19"
    [fuzz]="clang++-19:clang-19 libclang-rt-19-dev"
)

# Debian has it for this processor alone; what it is for is PARLEY_IPSEC_MB.
if [[ $(uname -m) == x86_64 ]]; then packages[build]+=" libipsec-mb-dev"; fi

is_installed() {
    if [[ $1 == *:* ]]; then
        command -v "${1%%:*}" >/dev/null
    else
        [[ $(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null) == installed ]]
    fi
}

as_root() {
    if ((EUID == 0)); then "$@"; else sudo "$@"; fi
}

apt() {
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -qy -o DPkg::Lock::Timeout=300 \
        -o Acquire::Retries=3 -o Dpkg::Use-Pty=0 "$@"
}

# need GROUP…: installs the packages of the groups that are missing.
need() {
    local group entry missing=()
    for group in "$@"; do
        for entry in ${packages[$group]}; do
            is_installed "$entry" || [[ " ${missing[*]} " == *" ${entry#*:} "* ]] ||
                missing+=("${entry#*:}")
        done
    done
    ((${#missing[@]})) || return 0
    command -v apt-get >/dev/null ||
        die "these Debian 12 packages are missing, and there is no apt-get here: ${missing[*]}"
    ((EUID == 0)) || command -v sudo >/dev/null ||
        die "these packages are missing; run ./dev setup as root: ${missing[*]}"
    step "Looking for packages (apt-get update)"
    quietly apt-update.log apt update
    step "Installing ${missing[*]}"
    quietly apt-install.log apt install --no-install-recommends "${missing[@]}"
}

# need_npm: node_modules as package-lock.json says.
need_npm() {
    need node
    local stamp=node_modules/.installed wanted
    wanted=$(sha256sum package-lock.json)
    [[ -f $stamp && $(<"$stamp") == "$wanted" ]] && return
    step "Installing from npm: $(node -p 'Object.entries(require("./package.json").devDependencies)
        .map(([name, version]) => name + " " + version).join(", ")')"
    quietly npm.log npm ci --no-audit --no-fund
    say "$wanted" >"$stamp"
}

cmd_setup() {
    local start=$SECONDS
    need build test bench chaos node web docs format lint fuzz
    need_npm
    say "${green}Everything is installed${plain} ($(duration $((SECONDS - start))))."
}
