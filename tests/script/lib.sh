# Functions for the scripts here, which begin with:  . "$(dirname "$0")/lib.sh"
#
# A script works in $work, a fresh folder. Each check counts; `finish` at its end prints how many
# there were and fails when one of them did. Processes it started with `serve` end with it.
set -u -o pipefail
export LC_ALL=C.UTF-8 TZ=UTC

: "${LUMBUNG:?names the binary to test}"
[ -x "$LUMBUNG" ] || { echo "no such program: $LUMBUNG"; exit 1; }
: "${LUMBUNG_RELEASE:=$LUMBUNG}"
: "${LUM_SHARED:=}"
unset LUMBUNG_DIR NO_COLOR

work=$(mktemp -d "${TMPDIR:-/tmp}/lumbung-test-XXXXXX")
checks=0
failures=0
pids=()

clean_up() {
    local pid
    for pid in "${pids[@]}"; do
        kill "$pid" 2>/dev/null
        wait "$pid" 2>/dev/null
    done
    rm -rf "$work"
}
trap clean_up EXIT

# wrong TEXT...: a check that failed, with what the last command said.
wrong() {
    failures=$((failures + 1))
    printf 'FAILED: %s\n' "$*"
    sed 's/^/    | /' "$work/out" "$work/err" 2>/dev/null | head -n 20
}

# lum FOLDER ARGUMENT...: lumbung in a folder of $work; stdout in $work/out, stderr in $work/err.
lum() {
    local folder=$1
    shift
    "$LUMBUNG" -S "$work/$folder" "$@" >"$work/out" 2>"$work/err"
}

# expect CODE FOLDER ARGUMENT...: the same, and it must end with that exit code.
expect() {
    local code=$1 got=0
    shift
    checks=$((checks + 1))
    lum "$@" || got=$?
    [ "$got" -eq "$code" ] || wrong "exit $got, not $code: lumbung -S $*"
}

# out_has TEXT, err_has TEXT: what the last command printed.
out_has() {
    checks=$((checks + 1))
    grep -qF -- "$1" "$work/out" || wrong "standard output lacks: $1"
}
err_has() {
    checks=$((checks + 1))
    grep -qF -- "$1" "$work/err" || wrong "standard error lacks: $1"
}

# equal WHAT A B: two texts.
equal() {
    checks=$((checks + 1))
    [ "$2" = "$3" ] || wrong "$1: \"$2\" is not \"$3\""
}

# value NAME: of a member of the last line on standard input, without its quotation marks.
value() {
    tail -n 1 | sed -n 's/.*"'"$1"'":"\{0,1\}\([^",}]*\).*/\1/p'
}

# status FOLDER NAME: one value of `status --json`.
status() {
    lum "$1" --json status
    value "$2" <"$work/out"
}

# until_true SECONDS COMMAND...: waits for it.
until_true() {
    local left=$(($1 * 50))
    shift
    until "$@"; do
        left=$((left - 1))
        [ "$left" -gt 0 ] || return 1
        sleep 0.02
    done
}

# serve FOLDER [ADDRESS]: starts a node; its address is in $address, its id in $pid.
serve() {
    local folder=$1
    rm -f "$work/$folder.serve" # what an earlier one said would be taken for an answer
    "$LUMBUNG" -S "$work/$folder" serve --listen "${2:-127.0.0.1:0}" \
        >"$work/$folder.serve" 2>"$work/$folder.log" &
    pid=$!
    pids+=("$pid")
    checks=$((checks + 1))
    if ! until_true 20 grep -qs '^Listening' "$work/$folder.serve"; then
        cp "$work/$folder.log" "$work/err"
        wrong "$folder does not listen"
    fi
    address=$(sed -n 's/^Listening on //p' "$work/$folder.serve")
}

# forget PID: it has ended, and its number may soon be another process.
forget() {
    local known left=()
    for known in "${pids[@]}"; do
        [ "$known" = "$1" ] || left+=("$known")
    done
    pids=("${left[@]}")
}

# stop PID: Ctrl-C, and it must end well.
stop() {
    local got=0
    checks=$((checks + 1))
    kill -INT "$1"
    wait "$1" || got=$?
    forget "$1"
    [ "$got" -eq 0 ] || wrong "process ended with $got on Ctrl-C"
}

# release: from here on the binary that people run, for what is measured.
release() {
    [ -x "$LUMBUNG_RELEASE" ] || {
        echo "no such program: $LUMBUNG_RELEASE (cmake --build --preset gcc)"
        exit 1
    }
    LUMBUNG=$LUMBUNG_RELEASE
}

# skip TEXT: the whole script cannot run here.
skip() {
    echo "skipped: $*"
    exit 77
}

finish() {
    printf '%d checks, %d failed\n' "$checks" "$failures"
    [ "$failures" -eq 0 ]
    exit
}

# all_is_well FOLDER...: each verifies, and none sees a fork.
all_is_well() {
    local folder
    for folder in "$@"; do
        expect 0 "$folder" verify
        lum "$folder" --json status
        checks=$((checks + 1))
        ! grep -q '"forks"' "$work/out" || wrong "$folder sees a fork of an honest device"
    done
}
