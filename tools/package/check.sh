#!/usr/bin/env bash
# The packages of build/package in a bare Debian 12: installed with what they need, the service's
# command run as the service's user, asked, upgraded, removed and purged; a program built with
# find_package(parley). There is no systemd in a chroot: the command is read from the unit. Says each
# thing that holds; the first that does not ends it.
#
#   tools/package/check.sh FOLDER       (./dev package --check)
#
# The root is made by debootstrap once, and what apt fetches is kept: build/package-check.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

packages=${1:?the folder of the packages}
cache=$PWD/build/package-check
work=$(mktemp -d "${TMPDIR:-/tmp}/parley-package-check-XXXXXX")
root=$work/root
node=''
conffile=/etc/parley/parley.toml
state=/var/lib/parley

holds() { printf '  ok  %s\n' "$*"; }
fails() {
    printf 'FAIL  %s\n' "$*" >&2
    exit 1
}
# quiet COMMAND…: what it says comes out if it fails.
quiet() {
    "$@" >"$work/log" 2>&1 </dev/null || {
        tail -n 40 "$work/log" >&2
        fails "$*"
    }
}
clean_up() {
    [[ ! $node ]] || kill -KILL "$node" 2>/dev/null || true
    umount --recursive "$root"/{proc,dev,tmp,var/cache/apt/archives} 2>/dev/null || true
    rm -rf --one-file-system "$work"
}
trap clean_up EXIT

((EUID == 0)) || fails "needs root: chroot and namespaces"

# All that follows is in namespaces of its own: nothing of it outlives this command.
if [[ ! ${PARLEY_PACKAGE_CHECK-} ]]; then
    trap - EXIT
    rmdir "$work"
    PARLEY_PACKAGE_CHECK=1 exec unshare --mount --pid --fork --kill-child "$0" "$@"
fi
mount -t proc proc /proc

shopt -s nullglob
program=("$packages"/parley_*.deb)
library=("$packages"/libparley-dev_*.deb)
((${#program[@]} == 1 && ${#library[@]} == 1)) || fails "expected one of each package in $packages"
version=$(dpkg-deb -f "${program[0]}" Version)

printf 'The packages themselves\n'
quiet lintian --fail-on error "${program[0]}" "${library[0]}"
holds "lintian: no error, $(grep -c '^W:' "$work/log" || true) warnings"
dpkg-deb -x "${program[0]}" "$work/files"
for page in "$work"/files/usr/share/man/man1/*.gz; do
    gzip -dc "$page" >"$work/page.1"
    quiet mandoc -T lint -W warning "$work/page.1"
    LC_ALL=C.UTF-8 man --warnings -E UTF-8 -l "$work/page.1" 2>"$work/log" >/dev/null
    [[ ! -s $work/log ]] || fails "man: ${page##*/}: $(<"$work/log")"
done
holds "mandoc and man read $(find "$work/files" -name '*.1.gz' | wc -l) pages without a warning"
quiet bash -n "$work/files/usr/share/bash-completion/completions/parley"
quiet zsh -n "$work/files/usr/share/zsh/vendor-completions/_parley"
quiet fish -n "$work/files/usr/share/fish/vendor_completions.d/parley.fish"
holds "bash, zsh and fish read their completions"
cp /lib/systemd/system/*.target "$work/files/lib/systemd/system/"
install -D /bin/true "$work/files/bin/sh"
quiet systemd-analyze verify --man=no --root="$work/files" parley.service
[[ ! -s $work/log ]] || fails "systemd-analyze verify: $(<"$work/log")"
holds "systemd reads the unit; $(systemd-analyze security --offline=true --root="$work/files" \
    parley.service 2>/dev/null | sed -n 's/.*\(Overall exposure level.*\): \([^ ]*\) .*/\1: \2/p')"

printf 'A bare Debian 12\n'
if [[ ! -e $cache/bookworm.made ]]; then
    mkdir -p "$cache/archives/partial"
    rm -rf "$cache/bookworm"
    quiet debootstrap --variant=minbase bookworm "$cache/bookworm"
    touch "$cache/bookworm.made"
fi
cp -a "$cache/bookworm" "$root"
cp /etc/resolv.conf "$root/etc/"
printf '127.0.0.1 localhost\n::1 localhost\n' >"$root/etc/hosts"
# A network may have certificates of its own, which this machine was told.
if compgen -G '/usr/local/share/ca-certificates/*.crt' >/dev/null; then
    mkdir -p "$root/usr/local/share/ca-certificates"
    cp /usr/local/share/ca-certificates/*.crt "$root/usr/local/share/ca-certificates/"
fi
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount -t tmpfs tmpfs "$root/tmp"
mount --bind "$cache/archives" "$root/var/cache/apt/archives"

inside() { chroot "$root" /usr/bin/env DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 "$@"; }
as_service() { inside runuser -u "$user" -- "$@"; }
apt() { inside apt-get -qy --no-install-recommends -o Acquire::Retries=3 "$@"; }
# shellcheck disable=SC2016 # for dpkg-query
installed() { inside dpkg-query -W -f '${db:Status-Status} ${Version}' parley 2>/dev/null || true; }
remains() {
    inside find / -xdev \( -path /proc -o -path /dev -o -path /tmp -o -path /var/cache/apt -o \
        -path /var/log -o -path /var/lib/dpkg/triggers \) -prune -o -iname '*parley*' -print
}

quiet apt update
cp "${program[0]}" "${library[0]}" "$root/tmp/"
quiet apt install "/tmp/${program[0]##*/}"
[[ $(installed) == "installed $version" ]] || fails "installed: $(installed)"
holds "installed with what it needs"
[[ $(inside parley version) == "parley "* ]] || fails "parley version"
holds "parley version: $(inside parley version | head -n 1)"
quiet inside ldd /usr/bin/parley
! grep -q 'not found' "$work/log" || fails "a library is missing"

unit=$root/lib/systemd/system/parley.service
user=$(sed -n 's/^User=//p' "$unit")
read -r -a command < <(sed -n 's/^ExecStart=//p' "$unit")
[[ $(inside stat -c '%U %a' $state) == "$user 750" ]] || fails "$state: $(inside stat -c '%U %a' $state)"
[[ $(inside stat -c '%U %G %a' $conffile) == "root $user 640" ]] || fails "$conffile"
holds "$state is $user's own, $conffile is for it to read"
[[ ! -e $root$state/node.key ]] || fails "there is a key before the first start"

printf 'The service, as %s: %s\n' "$user" "${command[*]}"
# Nothing beyond loopback, ports that the system chooses. The operator's changes.
sed -i -e 's/^listen = \[.*/listen = ["127.0.0.1:0"]/' -e 's/^http = .*/http = "127.0.0.1:0"/' \
    -e '1i # Changed by the operator.' "$root$conffile"

# start_node: the unit's command, with no network but loopback, until it answers.
start_node() {
    unshare --net chroot "$root" setpriv --reuid "$user" --regid "$user" --init-groups -- \
        "${command[@]}" 2>"$work/node.log" &
    node=$!  # none of the three forks
    local tries
    for ((tries = 0; tries < 300; ++tries)); do
        if inside parley status $state --json >"$work/status" 2>/dev/null; then return; fi
        kill -0 "$node" 2>/dev/null || break
        sleep 0.1
    done
    cat "$work/node.log" >&2
    fails "the node does not answer"
}
# stop_node: SIGTERM, as systemd does; sets its status.
stop_node() {
    kill -TERM "$node"
    status=0
    wait "$node" || status=$?
    node=''
}

start_node
holds "it starts, makes its key, and answers root over its socket"
id=$(inside parley key show $state | grep -Eo '[0-9a-f]{66}' | head -n 1)
[[ $(inside stat -c '%U %a' $state/node.key) == "$user 600" ]] || fails "the key's owner and mode"
[[ $(inside readlink $state/parley.toml) == "$conffile" ]] || fails "the folder's settings"
quiet as_service parley peers $state
holds "its own user may ask it too; the settings of its folder are $conffile"
! inside runuser -u nobody -- parley status $state >/dev/null 2>&1 || fails "nobody may ask it"
holds "others may not"
begin=$EPOCHREALTIME
stop_node
((status == 0)) || fails "SIGTERM: status $status"
holds "SIGTERM ends it with status 0 after $(((${EPOCHREALTIME/./} - ${begin/./}) / 1000)) ms"

cp "$root$conffile" "$work/settings"
sed -i 's/^listen = \[.*/listen = "nowhere"/' "$root$conffile"
status=0
as_service "${command[@]}" >"$work/log" 2>&1 || status=$?
[[ $status == $(sed -n 's/^RestartPreventExitStatus=//p' "$unit") ]] ||
    fails "wrong settings: status $status"
holds "wrong settings end it with status $status, which is not restarted: $(tail -n 1 "$work/log")"
cp "$work/settings" "$root$conffile"

printf 'An upgrade\n'
dpkg-deb -R "${program[0]}" "$work/next"
sed -i 's/^Version: .*/Version: 9.9.9-1/' "$work/next/DEBIAN/control"
printf '\n# New in this version.\n' >>"$work/next$conffile"
dpkg-deb --root-owner-group -Zgzip -z1 --build "$work/next" "$root/tmp/next.deb" >/dev/null
start_node
quiet apt install -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold /tmp/next.deb
[[ $(installed) == "installed 9.9.9-1" ]] || fails "installed: $(installed)"
stop_node
cmp -s "$work/settings" "$root$conffile" || fails "the operator's settings are gone"
[[ -e $root$conffile.dpkg-dist ]] || fails "the new version's settings are nowhere"
[[ $(inside stat -c '%G %a' $conffile) == "$user 640" ]] || fails "$conffile: its owner or mode"
holds "the operator's settings stay, those of the new version are beside them"
start_node
[[ $(inside parley key show $state) == *"$id"* ]] || fails "another key"
stop_node
holds "the node comes back with its key, $id"

printf 'The library\n'
quiet apt install "/tmp/${library[0]##*/}" g++ cmake ninja-build
cp -r test/consumer "$root/tmp/consumer"
quiet inside cmake -G Ninja -S /tmp/consumer/readme -B /tmp/build
quiet inside cmake --build /tmp/build
[[ $(inside /tmp/build/my_chain) == enr:* ]] || fails "the program prints no record"
holds "find_package(parley) builds the README's program: $(inside /tmp/build/my_chain | cut -c 1-24)…"
# shellcheck disable=SC2016 # for the shell inside
quiet inside sh -c 'g++ -std=c++23 /tmp/consumer/main.cpp -o /tmp/by_pkg_config \
    $(pkg-config --cflags --libs --static parley-identity) && /tmp/by_pkg_config'
holds "so does pkg-config"

printf 'Removed and purged\n'
quiet apt remove parley
[[ -e $root$conffile && -e $root$state/node.key ]] || fails "removed: settings or key are gone"
[[ ! -e $root/usr/bin/parley && ! -e $unit ]] || fails "removed: the program or its unit is there"
holds "removed: settings and the node's folder stay"
quiet apt purge parley libparley-dev
inside rm -rf /tmp/consumer /tmp/build
[[ ! $(remains) ]] || fails "purged, and there is still: $(remains | paste -sd ' ')"
inside getent passwd "$user" >/dev/null || fails "purged: the user is gone, whose files may be elsewhere"
holds "purged: nothing is left but the user, without a password or a folder"
printf 'All of it holds.\n'
