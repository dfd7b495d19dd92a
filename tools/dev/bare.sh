# bare: the commands of the README's blocks on a bare Debian 12, as a new user gives them: in a clone
# of what is committed, in a root with nothing but git. Its mounts are in a namespace of their own.
# The clone has the path of this tree, so that what ccache keeps here, by compiler, text and path,
# serves there too.

cmd_bare() {
    need bare
    local root commands cache status=0
    [[ -z $(git -c safe.directory='*' status --porcelain) ]] ||
        die "bare: a clone has what is committed, and there is more here"
    root=$(mktemp -d "${TMPDIR:-/tmp}/parley-bare-XXXXXX")
    step "A bare Debian 12 in $root"
    quietly debootstrap.log as_root debootstrap --variant=minbase --include=git,ca-certificates \
        bookworm "$root"
    as_root git -c safe.directory='*' clone --quiet --no-hardlinks . "$root$PWD"
    as_root cp /etc/resolv.conf "$root/etc/"
    # As every installed system has it.
    printf '127.0.0.1 localhost\n::1 localhost\n' | as_root tee "$root/etc/hosts" >/dev/null
    # A network may have certificates of its own, which this machine was told.
    if compgen -G '/usr/local/share/ca-certificates/*.crt' >/dev/null; then
        as_root cp /usr/local/share/ca-certificates/*.crt "$root/usr/local/share/ca-certificates/"
        quietly ca-certificates.log as_root chroot "$root" update-ca-certificates
    fi
    # A demo by itself would go on until Ctrl-C.
    commands=$(awk '/^```/ { inside = $0 == "```sh"; next } inside' README.md |
        sed 's|^\./dev demo |./dev demo --check |')
    step "Commit $(git -c safe.directory='*' rev-parse --short HEAD):"
    say "$commands"
    cache=$(ccache --get-config cache_dir 2>/dev/null) && as_root mkdir -p "$cache" \
        "$root/root/.cache/ccache" || cache=
    # In a PID namespace, so that nothing of it outlives this command.
    as_root unshare --mount --pid --fork bash -c 'mount -t proc proc "$0/proc" &&
        mount --rbind /dev "$0/dev" && mount -t tmpfs tmpfs "$0/tmp" &&
        { [[ -z $3 ]] || mount --bind "$3" "$0/root/.cache/ccache"; } &&
        exec env -u CI chroot "$0" /bin/bash -euc "cd $2; $1"' \
        "$root" "$commands"$'\n''parley --version' "$PWD" "$cache" || status=$?
    as_root rm -rf --one-file-system "$root"
    return "$status"
}
