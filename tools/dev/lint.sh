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

# tidy_text FOLDER FILE SOURCE: what clang-tidy finds in the file, by the commands in the folder, as in
# the source, which it is or includes. Tests may be slow.
tidy_text() {
    local checks=()
    [[ $3 == *_test.cpp ]] && checks=(--checks='-performance-*')
    clang-tidy-19 --quiet "${checks[@]}" --extra-arg=-Wfatal-errors -p "$1" \
        --header-filter="/(parley|apps|bench|examples|fuzz|test|tools)/[^ ]*\.[ch]pp$" "$2" 2>&1
}

# tidy_unit UNIT KEY FILE…: names the files that are clean, prints what was found in the others.
#
# Most of the work are the headers of others, so that several files that are compiled alike are
# checked as one source that includes them. Where that is not clean, be it that two have the same
# local name, each half is checked: what is reported is always of a file by itself.
tidy_unit() {
    local unit=$1 output status=0 half
    shift
    if (($# == 2)); then
        if output=$(tidy_text build/tidy "$2" "$2"); then
            : >"build/tidy-cache/$1"
            printf '    %s\n' "$2"
        else
            printf '%s\n' "$output" | grep -v ' warnings\? generated'
            return 1
        fi
        return 0
    fi
    mkdir -p "$unit"
    grep -m 1 -B 3 -A 1 -F "\"file\": \"$PWD/$2\"" build/tidy/compile_commands.json |
        sed "1s/^/[/; \$s/.*/}]/; s|$PWD/$2|$PWD/$unit/unit.cpp|" >"$unit/compile_commands.json"
    printf '%s\n' "$@" | sed -n "n; s|.*|#include \"$PWD/&\"  // NOLINT(bugprone-suspicious-include)|p" \
        >"$unit/unit.cpp"
    if tidy_text "$unit" "$unit/unit.cpp" "$2" >"$unit/output"; then
        while (($#)); do
            : >"build/tidy-cache/$1"
            printf '    %s\n' "$2"
            shift 2
        done
        return 0
    fi
    half=$(($# / 4 * 2))
    tidy_unit "$unit/a" "${@:1:half}" || status=1
    tidy_unit "$unit/b" "${@:half+1}" || status=1
    return "$status"
}
export -f tidy_text tidy_unit

# tidy_units: of the lines "KEY FILE" that come in, those compiled alike in one line, 8 at most.
tidy_units() {
    awk -v root="$PWD/" '
        FILENAME != "-" && /^  "command": / {
            alike = $0
            gsub(/ -o [^ ]* -c [^ ]*/, "", alike)
        }
        FILENAME != "-" && /^  "file": / { split($0, part, "\""); group[part[4]] = alike }
        FILENAME == "-" {
            alike = group[root $2] ($2 ~ /_test\.cpp$/)
            if (count[alike] == 8) {
                print line[alike]
                line[alike] = ""
                count[alike] = 0
            }
            line[alike] = line[alike] (count[alike]++ ? " " : "") $0
        }
        END { for (alike in line) print line[alike] }' build/tidy/compile_commands.json -
}

tidy() {
    local start=$SECONDS all key file todo=() total=0 status=0
    mkdir -p build/tidy-cache
    rm -rf build/tidy-units
    while read -r key file; do
        grep -qF "\"$PWD/$file\"" build/tidy/compile_commands.json || continue
        total=$((total + 1))
        [[ -e build/tidy-cache/$key ]] || todo+=("$key $file")
    done < <(mapfile -t all < <(our_files cpp hpp) && tidy_keys "${all[@]}")
    step "clang-tidy: ${#todo[@]} of $total files to check"
    if ((${#todo[@]})); then
        printf '%s\n' "${todo[@]}" | tidy_units | awk '{ print "build/tidy-units/" NR, $0 }' |
            xargs -L 1 -P "$jobs" bash -c 'tidy_unit "$@"' tidy || status=1
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
