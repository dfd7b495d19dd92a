# docs: the API reference of the public headers, by Doxygen, in build/docs/html. A name without a
# sentence is an error, but for those that say all themselves.

# What needs no sentence: an override, which its base describes; construction, copies, comparison
# and printing; what reads a value and takes no argument; a field; a short name for a type.
docs_obvious=' override \(function|~|Member operator|\(friend\)|Member ([A-Za-z0-9_]+)\(.*\)( noexcept)?(=default|=delete)?'
docs_obvious+=' \(function\) of (class|struct) ([a-z0-9]+::)*([A-Za-z0-9_<>, ]+::)*\1[ <]'
docs_obvious+='|\(\) const( noexcept)?( ?=0)? \(function\) of|\((variable|typedef)\) of'

# cmd_docs [--all]: with --all the obvious ones are counted and listed too.
cmd_docs() {
    local all='' log=build/docs/warnings.log found=build/docs/undocumented.txt count
    [[ ${1:-} == --all ]] && all=1
    need build docs
    step "Building the API reference"
    rm -rf build/docs
    mkdir -p build/docs
    # The one header that CMake makes.
    quietly configure-docs.log cmake -S . -B build/docs/cmake -G Ninja -D PARLEY_TESTS=OFF \
        -D PARLEY_BENCH=OFF -D PARLEY_APPS=OFF -D PARLEY_LAYERS=base
    # A header that says "Internal to <layer>." at its top is for that layer's own files, and no
    # part of the reference (docs/Doxyfile: EXCLUDE).
    PARLEY_INTERNAL=$(grep -rlE --include='*.hpp' '^// .*Internal to ' parley | tr '\n' ' ') \
        quietly doxygen.log doxygen docs/Doxyfile
    sed "s|^$PWD/||" "$log" | if [[ $all ]]; then cat; else grep -vE "$docs_obvious" || true; fi |
        sort -u >"$found"
    say "build/docs/html/index.html"
    count=$(wc -l <"$found")
    ((count)) || return 0
    say "Files with most to add:"
    cut -d : -f 1 "$found" | sort | uniq -c | sort -rn | head -n 10
    die "$count warnings, all in $found"
}
