# package: parley_VERSION.deb, the program with its service, and libparley-dev_VERSION.deb, all that
# find_package(parley) needs, in build/package. The pages of the manual and the completions are those
# that the program prints, the settings those of `parley init`, and the dependencies what the program
# and the archives link to: nothing of them is written down twice.

package_out=build/package

# package_version: the project's, if its tag is here; else what comes before it, by the last commit.
package_version() {
    local version commit=(git -c safe.directory='*')
    version=$(sed -n 's/^project(parley VERSION \([0-9.]*\).*/\1/p' CMakeLists.txt)
    if [[ $("${commit[@]}" tag --points-at HEAD) != *"v$version"* ]]; then
        version+=$(TZ=UTC "${commit[@]}" log -1 --date=format-local:%Y%m%d.%H%M%S \
            --format='~git%cd.%h' --abbrev=7)
    fi
    [[ -z $("${commit[@]}" status --porcelain) ]] || version+=+changed
    say "$version-1"
}

# package_owner NAME…: the package that has each file, without what it depends on itself.
package_owner() {
    dpkg -S "$@" | sed 's/:.*//' | sort -u
}

# package_needs STAGE: the packages that the archives need, by what the .pc files require.
package_needs() {
    local files=() module folder library
    for module in $(sed -n 's/^Requires\(\.private\)\?: //p' "$1"/usr/lib/pkgconfig/*.pc |
        tr -s ', ' '\n' | grep -E '^[a-z]' | grep -v '^parley-' | sort -u); do
        folder=$(pkg-config --variable=pcfiledir "$module") || die "there is no $module.pc here"
        files+=("$folder/$module.pc")
    done
    for library in $(sed -n 's/^Libs\(\.private\)\?: //p' "$1"/usr/lib/pkgconfig/*.pc |
        tr ' ' '\n' | sed -n 's/^-l\(boost_.*\)/\1/p' | sort -u); do
        files+=("/usr/lib/$(gcc -print-multiarch)/lib$library.a")
    done
    package_owner "${files[@]}" /usr/include/boost/version.hpp "$(command -v pkg-config)"
}

# package_strip STAGE: as debhelper does; names of local things and what debuggers read.
package_strip() {
    local file
    while read -r file; do
        case $file in
            *.a) strip --strip-debug --enable-deterministic-archives -R .comment -R .note "$file" ;;
            *) strip --strip-unneeded -R .comment -R .note "$file" ;;
        esac
    done < <(find "$1" -name '*.a' -o -path '*/bin/*' -type f)
}

# package_documents STAGE NAME: what each package has of documents.
package_documents() {
    local folder=$1/usr/share/doc/$2
    mkdir -p "$folder"
    cp tools/package/copyright "$folder/copyright"
    gzip -9nc CHANGELOG.md >"$folder/changelog.gz"
    gzip -9nc <<TEXT >"$folder/changelog.Debian.gz"
parley ($package_full_version) bookworm; urgency=medium

  * Built of commit $(git -c safe.directory='*' rev-parse --short=12 HEAD); changelog.gz has what changed.

 -- $package_maintainer  $(LC_ALL=C date -u -R -d "@$SOURCE_DATE_EPOCH")
TEXT
}

# package_seal STAGE NAME DEPENDS: the control files, and STAGE as a package. Times, owners and the
# order of files are the same wherever it is made.
package_seal() {
    local stage=$1 name=$2 control=$1/DEBIAN file=
    mkdir -p "$control"
    (cd "$stage" && find . -path ./DEBIAN -prune -o -type f -printf '%P\0' | LC_ALL=C sort -z |
        xargs -0 md5sum) >"$control/md5sums"
    {
        say "Package: $name"
        say "Source: parley"
        say "Version: $package_full_version"
        say "Architecture: $(dpkg --print-architecture)"
        say "Maintainer: $package_maintainer"
        say "Installed-Size: $(find "$stage" -path "$control" -prune -o -printf '%y %s\n' |
            awk '{ sum += $1 == "f" ? int(($2 + 1023) / 1024) : 1 } END { print sum }')"
        say "Depends: $3"
        cat "tools/package/$name.control"
    } >"$control/control"
    chmod -R u=rwX,go=rX "$stage"
    for file in postinst prerm postrm; do
        if [[ -f $control/$file ]]; then chmod 0755 "$control/$file"; fi
    done
    find "$stage" -exec touch --no-dereference --date="@$SOURCE_DATE_EPOCH" {} +
    file=$package_out/${name}_${package_full_version}_$(dpkg --print-architecture).deb
    dpkg-deb --root-owner-group -Zxz --build "$stage" "$file" >/dev/null
    say "    $file"
}

# package_program STAGE: the program, its service, manual, completions and settings.
package_program() {
    local stage=$1 program=$1/usr/bin/parley file shell
    cmake --install build/release --component runtime --prefix "$stage/usr" >/dev/null
    "$program" man --into "$stage/usr/share/man/man1"
    gzip -9n "$stage"/usr/share/man/man1/*.1
    for shell in bash-completion/completions/parley zsh/vendor-completions/_parley \
        fish/vendor_completions.d/parley.fish; do
        file=$stage/usr/share/$shell
        mkdir -p "${file%/*}"
        shell=${shell%%[-/]*}
        "$program" completion "$shell" >"$file"
    done
    # The folder of a node, for its settings.
    "$program" init "$stage/node" >/dev/null
    install -D -m 0644 "$stage/node/parley.toml" "$stage/etc/parley/parley.toml"
    rm -r "$stage/node"
    install -D -m 0644 tools/package/parley.service "$stage/lib/systemd/system/parley.service"
    package_strip "$stage"
    mkdir -p "$stage/DEBIAN"
    cp tools/package/{postinst,prerm,postrm} "$stage/DEBIAN/"
    say /etc/parley/parley.toml >"$stage/DEBIAN/conffiles"
}

# package_shlibs WORK: what the program links to, by the shared libraries' own packages. The stages are
# where dpkg-shlibdeps looks for them: WORK/debian/NAME.
package_shlibs() {
    printf 'Source: parley\n\nPackage: parley\nArchitecture: any\n' >"$1/debian/control"
    (cd "$1" && dpkg-shlibdeps -O -e debian/parley/usr/bin/parley) | sed -n 's/^shlibs:Depends=//p'
}

# package_both: both packages, in build/package.
package_both() {
    local work stage start=$SECONDS depends
    package_maintainer=${DEBFULLNAME:-$(git -c safe.directory='*' log -1 --format=%cn)}
    package_maintainer+=" <${DEBEMAIL:-$(git -c safe.directory='*' log -1 --format=%ce)}>"
    SOURCE_DATE_EPOCH=$(git -c safe.directory='*' log -1 --format=%ct)
    export SOURCE_DATE_EPOCH
    step "Packaging $package_full_version"
    work=$(mktemp -d "${TMPDIR:-/tmp}/parley-package-XXXXXX")
    mkdir -p "$package_out"
    rm -f "$package_out"/*.deb

    stage=$work/debian/parley
    package_program "$stage"
    package_documents "$stage" parley
    depends=$(package_shlibs "$work") || die "dpkg-shlibdeps failed"
    [[ $depends ]] || die "dpkg-shlibdeps found nothing that the program links to"
    package_seal "$stage" parley "$depends, adduser"

    stage=$work/debian/libparley-dev
    cmake --install build/release --component development --prefix "$stage/usr" >/dev/null
    package_strip "$stage"
    package_documents "$stage" libparley-dev
    depends=$(package_needs "$stage" | paste -sd ' ') || die "a library's package was not found"
    package_seal "$stage" libparley-dev "${depends// /, }"
    rm -rf "$work"
    done_in "$start"
}

package_image() {
    if ! docker info >/dev/null 2>&1; then
        say "skipped: docker cannot run here"
        return
    fi
    docker build --tag "parley:${package_full_version//[~+]/-}" .
}

cmd_package() {
    local what=packages package_full_version='' package_maintainer
    while (($#)); do
        case $1 in
            --check) what=check ;;
            --image) what=image ;;
            --version)
                package_full_version=${2:?a version, such as 0.1.0-2}
                shift
                ;;
            *) die "package: no such option: $1" ;;
        esac
        shift
    done
    package_full_version=${package_full_version:-$(package_version)}
    if [[ $what == image ]]; then
        package_image
        return
    fi
    need build package
    build release parley
    package_both
    [[ $what == packages ]] && return
    need package_check
    tools/package/check.sh "$package_out"
}
