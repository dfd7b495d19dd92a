# lint and format. clang-tidy is run only over what changed: a file that was found clean is
# remembered in build/tidy-cache by what decides the outcome (its text, the headers of ours that
# it includes, the checks, the build files).

# our_files EXTENSION…: the project's own files, committed or new.
our_files() {
    local list file
    list=$(git -c safe.directory='*' ls-files --cached --others --exclude-standard -- \
        "${@/#/*.}") || die "git cannot list the files"
    while read -r file; do
        if [[ -f $file ]]; then say "$file"; fi
    done <<<"$list"
}

cmd_format() {
    need format
    if (($#)); then
        clang-format-19 -i "$@"
    else
        our_files cpp hpp | xargs -r clang-format-19 -i
    fi
}

# include_closures FILE…: for each, the file and all files of ours that it includes, on a line.
include_closures() {
    awk '
        /^#[ \t]*include[ \t]*[<"]/ {
            split($0, part, /[<>"]/)
            folder = FILENAME
            sub(/[^\/]*$/, "", folder)
            includes[FILENAME] = includes[FILENAME] " " part[2] " " folder part[2]
        }
        function visit(file,    list, count, i) {
            if (seen[file] == root) return
            seen[file] = root
            line = line " " file
            count = split(includes[file], list, " ")
            for (i = 1; i <= count; i++) if (list[i] in ours) visit(list[i])
        }
        END {
            for (i = 1; i < ARGC; i++) ours[ARGV[i]] = 1
            for (i = 1; i < ARGC; i++) {
                root = ARGV[i]
                line = ""
                visit(root)
                print substr(line, 2)
            }
        }' "$@"
}

# tidy_keys FILE…: "KEY FILE" for each source that clang-tidy has to pass.
tidy_keys() {
    local common closure files
    common=$({
        clang-tidy-19 --version
        cat .clang-tidy CMakePresets.json CMakeLists.txt cmake/*.cmake
        find . -name CMakeLists.txt -not -path './build/*' -not -path './node_modules/*' \
            -print0 | sort -z | xargs -0 cat
    } | sha256sum)
    include_closures "$@" | while read -r closure; do
        read -r -a files <<<"$closure"
        [[ ${files[0]} == *.cpp ]] || continue
        say "$({ say "$common" && cat "${files[@]}"; } | sha256sum | cut -c 1-40) ${files[0]}"
    done
}

# tidy_one KEY FILE: names the file if it is clean, else prints what was found. Tests may be slow.
tidy_one() {
    local output checks=()
    [[ $2 == *_test.cpp ]] && checks=(--checks='-performance-*')
    if output=$(clang-tidy-19 --quiet "${checks[@]}" -p build/tidy "$2" 2>&1); then
        : >"build/tidy-cache/$1"
        printf '    %s\n' "$2"
    else
        printf '%s\n' "$output" | grep -v ' warnings\? generated'
        return 1
    fi
}
export -f tidy_one

tidy() {
    local start=$SECONDS all key file todo=() total=0 status=0
    mkdir -p build/tidy-cache
    while read -r key file; do
        grep -qF "\"$PWD/$file\"" build/tidy/compile_commands.json || continue
        total=$((total + 1))
        [[ -e build/tidy-cache/$key ]] || todo+=("$key" "$file")
    done < <(mapfile -t all < <(our_files cpp hpp) && tidy_keys "${all[@]}")
    step "clang-tidy: $((${#todo[@]} / 2)) of $total files to check"
    if ((${#todo[@]})); then
        printf '%s\n' "${todo[@]}" | xargs -n 2 -P "$jobs" bash -c 'tidy_one "$@"' tidy || status=1
    fi
    done_in "$start"
    return "$status"
}

cmd_lint() {
    local failed=()
    need build format lint
    step "Layout (clang-format)"
    our_files cpp hpp | xargs -r clang-format-19 --dry-run -Werror || failed+=("layout (./dev format)")

    quietly configure-tidy.log cmake --preset tidy
    build tidy layer-check kv_messages  # the latter for its header, which protoc writes
    step "Layers"
    build/tidy/bin/layer-check . || failed+=(layers)

    tidy || failed+=(clang-tidy)
    ((!${#failed[@]})) || die "lint: $(IFS=, && say "${failed[*]}")"
    say "${green}Nothing to object to.$plain"
}
