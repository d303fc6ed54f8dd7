#!/usr/bin/env bash
# A meeting over a real socket that breaks at 200 places, half of them counted on each way: both
# stores verify, the next meeting ends equal, brings nothing that is held, and says again at most
# one segment of each log. tests/prop/test_cut.c breaks at every byte, inside one process.
#
# LUM_CUTS says how many, LUM_SEED where.
. "$(dirname "$0")/lib.sh"

: "${LUM_TOOLS:?where the helpers of the scripts are}"
cuts=${LUM_CUTS:-200}
seed=${LUM_SEED:-$$}
RANDOM=$seed
done_cuts=0
# Bytes that may go twice: a segment of the log that is in flight (36,000 random letters of six bits
# each), one of a log of small events, and what every meeting begins with. Either way is too short
# for a line to prove fast, after which segments go together.
again_max=$((28000 + 4000 + 2500))
most=0

# ---- two halls that have much to tell each other ----

# say FOLDER NAME COUNT BYTES: that many rows of random letters.
say() {
    local i
    for ((i = 0; i < $3; i++)); do
        printf '{"name":"%s %d","note":"' "$2" "$i"
        head -c "$4" /dev/urandom | base64 -w 0 | head -c "$4"
        printf '"}\n'
    done >"$work/rows.ndjson"
    expect 0 "$1" put notes -f "$work/rows.ndjson"
}

set_up() {
    rm -rf "$work"/{a,b,c,a.saved,b.saved}
    expect 0 a init Lumbung --as Siti
    serve a
    expect 0 a -q invite --uses 5
    invite=$(tail -n 1 "$work/out")
    expect 0 b join "$invite" --as Made
    expect 0 c join "$invite" --as Wayan
    say c early 70 40 # a boundary by count
    expect 0 c sync "$address"
    stop "$pid"
    expect 0 a invite --uses 1 # events of gov
    expect 0 a invite --uses 2
    say a few 70 20      # by count
    say a large 12 6000  # by bytes, each over 4 KiB
    say a last 3 100
    say b large 14 5000
    say b few 70 30
    for hall in a b; do
        mkdir "$work/$hall.saved"
        cp "$work/$hall"/{log,view}.mdb "$work/$hall.saved"
    done
}

# As it was before the meeting: written over, since another file would make it a copied store.
restore() {
    local hall file
    for hall in a b; do
        for file in log view; do
            cat "$work/$hall.saved/$file.mdb" >"$work/$hall/$file.mdb"
        done
    done
}

# ---- one meeting that is cut, and the one after it ----

# meet to|from BYTES: over the wire that breaks, from b to a; $how it went, bytes $to a, $from a.
meet() {
    local wire
    restore
    serve a
    : >"$work/wire"
    "$LUM_TOOLS/cut" "${address##*:}" "$1" "$2" >"$work/wire" &
    wire=$!
    until_true 60 [ -s "$work/wire" ] || wrong 'no wire'
    met=0
    lum b sync "127.0.0.1:$(head -n 1 "$work/wire")" || met=$?
    wait "$wire"
    read -r how to from < <(tail -n 1 "$work/wire")
    stop "$pid"
}

state_of() {
    lum "$1" --json status
    grep -o '"\(frontier\|state\)":"[0-9a-f]*"' "$work/out"
}

# said_again WHICH BYTES
said_again() {
    checks=$((checks + 1))
    [ "$2" -le $again_max ] || wrong "cut $how after $to and $from: $2 bytes $1 a go twice"
    [ "$2" -le "$most" ] || most=$2
}

cut() {
    local held_a held_b
    meet "$1" "$2"
    [ "$how" = cut ] && done_cuts=$((done_cuts + 1))
    checks=$((checks + 1))
    [ "$met" -eq 69 ] || [ "$met" -eq 0 ] || wrong "exit $met of a meeting that was cut"
    expect 0 a verify
    expect 0 b verify
    held_a=$(status a events) held_b=$(status b events)
    serve a
    expect 0 b --json sync "$address"
    equal "events that b lacked, cut $1 after $2" "$(value received <"$work/out")" \
        $((total - held_b))
    equal "events that a lacked, cut $1 after $2" "$(value sent <"$work/out")" $((total - held_a))
    said_again to $((to + $(value bytes_out <"$work/out") - whole_to))
    said_again from $((from + $(value bytes_in <"$work/out") - whole_from))
    stop "$pid"
    equal "frontiers and states, cut $1 after $2" "$(state_of a)" "$(state_of b)"
}

# cut_all COUNT
cut_all() {
    local i each=$(($1 / 2))
    set_up
    meet to 100000000
    equal 'the meeting without a cut' "$met $how" '0 passed'
    equal 'its frontiers and states' "$(state_of a)" "$(state_of b)"
    whole_to=$to whole_from=$from total=$(status a events)
    for ((i = 0; i < each; i++)); do
        cut to $((whole_to * i / each + RANDOM % (whole_to / each)))
        cut from $((whole_from * i / each + RANDOM % (whole_from / each)))
    done
    printf 'a meeting of %d events, %d and %d bytes: %d cuts, at most %d bytes went twice\n' \
        "$total" "$to" "$from" "$done_cuts" "$most"
    checks=$((checks + 1))
    [ "$done_cuts" -ge $((2 * each - 2)) ] || wrong 'too many meetings were over before the cut'
}

printf 'LUM_SEED=%d\n' "$seed"
slow=$LUMBUNG
LUMBUNG=$LUMBUNG_RELEASE
cut_all "$cuts"
if [ "$slow" != "$LUMBUNG_RELEASE" ]; then
    LUMBUNG=$slow
    done_cuts=0
    cut_all $((cuts / 10))
fi
finish
