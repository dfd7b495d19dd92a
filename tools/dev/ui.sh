# What ./dev says on the terminal: steps with their time, a live line for long quiet work.

jobs=$(nproc 2>/dev/null || echo 2)
logs=build/log

if [[ -t 1 && ${TERM:-dumb} != dumb ]]; then
    bold=$'\e[1m' dim=$'\e[2m' red=$'\e[31m' green=$'\e[32m' plain=$'\e[0m' tty=1
else
    bold='' dim='' red='' green='' plain='' tty=''
fi

say() { printf '%s\n' "$*"; }
step() { printf '%s==> %s%s\n' "$bold" "$*" "$plain"; }
done_in() { printf '    %sdone in %s%s\n' "$dim" "$(duration $((SECONDS - $1)))" "$plain"; }
die() {
    printf '%s./dev: %s%s\n' "$red" "$*" "$plain" >&2
    exit 1
}

duration() {
    if (($1 < 60)); then printf '%d s' "$1"; else printf '%d min %02d s' $(($1 / 60)) $(($1 % 60)); fi
}

# quietly LOG COMMAND…: the command's output goes to build/log/LOG; a terminal shows its last line
# while it works, and the end of the log comes out if it fails.
quietly() {
    local log=$logs/$1 start=$SECONDS pid status=0
    shift
    mkdir -p "$logs"
    "$@" >"$log" 2>&1 </dev/null &
    pid=$!
    if [[ $tty ]]; then
        while kill -0 "$pid" 2>/dev/null; do
            printf '\r\e[K    %s%s  %.60s%s' "$dim" "$(duration $((SECONDS - start)))" \
                "$(tail -n 1 "$log" | tr -d '\r')" "$plain"
            sleep 0.3
        done
        printf '\r\e[K'
    fi
    wait "$pid" || status=$?
    if ((status)); then
        tail -n 40 "$log" >&2
        die "failed after $(duration $((SECONDS - start))): $*  (all of it: $log)"
    fi
    done_in "$start"
}
