# Doxygen's view of a header. Ours open with a comment that says what the header is; "Name: ..."
# there is what Doxygen wants to have at the class Name, so it is moved to that line. All lines keep
# their numbers, for the warnings.

function as_html(line) {
    gsub(/&/, "\\&amp;", line)
    gsub(/</, "\\&lt;", line)
    gsub(/>/, "\\&gt;", line)
    gsub(/[@\\#%]/, "\\\\&", line)
    gsub(/::/, "\\::", line)
    return line
}

function opening_as_html(    i, text, is_code) {
    for (i = 1; i < opening_size; i++) {
        if (opening[i] ~ /^    /) {
            text = text (is_code ? "<br>" : "<p><code>") as_html(substr(opening[i], 5))
            is_code = 1
        } else {
            text = text (is_code ? "</code><p>" : " ") (opening[i] == "" ? "<p>" : as_html(opening[i]))
            is_code = 0
        }
    }
    return text (is_code ? "</code>" : "")
}

BEGIN { is_opening = 1 }

is_opening && /^\/\// {
    opening[NR] = substr($0, 4)
    opening_size = NR + 1
    print ""
    next
}

is_opening && FILENAME ~ /\.dox$/ {  # a page, whose first line is its own
    is_opening = 0
}

is_opening {
    is_opening = 0
    if (opening[1] ~ /^[A-Za-z0-9_]+(<[A-Za-z, ]+>)?: /) {
        name = opening[1]
        sub(/[<:].*/, "", name)
    }
    # Without a documented file Doxygen passes over its macros and free functions.
    print "/** \\file */"
    next
}

# The class itself, not its declaration, and only if it has no comment of its own; a line with its
# template parameters waits for it.
name != "" && held == "" && /^template </ {
    held = $0
    next
}
name != "" && /^(class|struct) / && $2 == name && !/;$/ && previous !~ /^\/\/\// {
    printf "/** %s */ ", opening_as_html()
    name = ""
}

{
    if (held != "") print held
    held = ""
    print
    previous = $0
}
