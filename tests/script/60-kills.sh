#!/usr/bin/env bash
# 200 times kill -9, at random moments of put, import, view commit and sync, by somebody who keeps
# the acknowledgements: what was acknowledged is there, whole, and the next command goes on.
#
# LUM_KILLS says how many, LUM_SEED which moments.
. "$(dirname "$0")/lib.sh"

: "${LUM_TOOLS:?where the helpers of the scripts are}"
kills=${LUM_KILLS:-200}
seed=${LUM_SEED:-$$}
RANDOM=$seed
killed=0 # processes that were still at work
told=0   # acknowledged items that were looked for
base=0   # of this round's numbers
rows=6000
batch=4096 # rows of an import in one commit

# nap MIN MAX: a random pause, in ms.
nap() {
    sleep "$(printf '0.%03d' $(($1 + RANDOM % ($2 - $1 + 1))))"
}

# kill_now PID: false when it was over already.
kill_now() {
    local got=0
    kill -9 "$1" 2>/dev/null
    wait "$1" 2>/dev/null || got=$?
    forget "$1"
    [ "$got" -eq 137 ] && killed=$((killed + 1))
}

# acknowledged_is_in FOLDER ROWS: this round's items. $work/acks has a range of numbers a line, each
# an answer; of a question with ROWS items all are held or none.
acknowledged_is_in() {
    checks=$((checks + 1))
    lum "$1" --json find items "number >= $base and number < $((base + 100000))"
    sed -n 's/.*"note":"seen near[^"]*","number":\([0-9]*\)}.*/\1/p' "$work/out" | sort >"$work/held"
    while read -r first last; do
        seq "$first" "$last"
    done <"$work/acks" | sort >"$work/told"
    told=$((told + $(wc -l <"$work/told")))
    comm -23 "$work/told" "$work/held" >"$work/lost"
    [ ! -s "$work/lost" ] ||
        wrong "$(wc -l <"$work/lost") acknowledged items are lost, $(head -n 1 "$work/lost") first"
    equal 'items with half their fields' "$(grep -c '"id"' "$work/out")" "$(wc -l <"$work/held")"
    equal 'items of half a question' $(($(wc -l <"$work/held") % $2)) 0
}

is_sound() {
    expect 0 "$1" verify
}

# fresh FOLDER: a space of its own.
fresh() {
    rm -rf "${work:?}/$1"
    expect 0 "$1" init Lumbung --as Siti
}

# ---- one store ----

# Two writers at once, so that commits are shared.
kill_puts() {
    local first second
    base=$((base + 100000))
    serve one
    "$LUM_TOOLS/feed" "$work/one" put "$base" >"$work/acks.1" &
    first=$!
    "$LUM_TOOLS/feed" "$work/one" put $((base + 50000)) >"$work/acks.2" &
    second=$!
    nap 5 120
    kill_now "$pid"
    wait "$first" "$second"
    cat "$work/acks.1" "$work/acks.2" >"$work/acks"
    acknowledged_is_in one 1
    is_sound one
}

# kill_import ROWS: so many a question.
kill_import() {
    local feeder
    base=$((base + 100000))
    serve one
    "$LUM_TOOLS/feed" "$work/one" import "$base" "$1" >"$work/acks" &
    feeder=$!
    [ "$1" -lt 2000 ] || until_true 60 [ -s "$work/acks" ] || wrong 'no acknowledgement'
    nap 1 100
    kill_now "$pid"
    wait "$feeder"
    acknowledged_is_in one "$1"
    is_sound one
}

# Nobody is acknowledged before the end; the same command again goes on.
kill_command() {
    local held
    fresh one
    "$LUMBUNG" -S "$work/one" import rows "$work/rows.csv" --key number >"$work/out" 2>&1 &
    nap 5 "$import_ms"
    kill_now $!
    is_sound one
    held=$(status one records)
    equal 'rows of half a batch' $((held == rows ? 0 : held % batch)) 0
    expect 0 one --json import rows "$work/rows.csv" --key number
    equal 'rows of the second try' "$(value created <"$work/out")" $((rows - held))
    is_sound one
}

# ---- two stores ----

no_doubt() {
    checks=$((checks + 1))
    lum "$1" --json status
    ! grep -qE '"forks"|"copy":true' "$work/out" || wrong "$1 was told of events that it has lost"
}

kill_receiver() {
    rm -rf "$work/guest"
    cp -r "$work/joined" "$work/guest"
    "$LUMBUNG" -S "$work/guest" sync "$source_address" >"$work/out" 2>&1 &
    nap 5 "$sync_ms"
    kill_now $!
    is_sound guest
    expect 0 guest sync "$source_address"
    equal 'frontier after a killed receiver' "$(status guest frontier)" "$(status source frontier)"
    is_sound guest
}

# The node that is written to, while another one hears it live. What it told that one it must hold.
hears_more() {
    [ "$(status listener events)" -gt "$1" ]
}
kill_sender() {
    local feeder before
    base=$((base + 100000))
    before=$(status listener events)
    serve teller
    "$LUM_TOOLS/feed" "$work/teller" put "$base" >"$work/acks" &
    feeder=$!
    until_true 60 hears_more "$before" || wrong 'nothing reaches the listener'
    nap 1 60
    kill_now "$pid"
    wait "$feeder"
    acknowledged_is_in teller 1
    is_sound teller
    expect 0 teller sync "$listener_address"
    no_doubt teller
    equal 'frontier after a killed sender' "$(status teller frontier)" "$(status listener frontier)"
}

set_up_two() {
    rm -rf "$work"/{source,joined,teller,listener}
    fresh source
    serve source
    source_pid=$pid source_address=$address
    expect 0 source -q invite --uses 3
    invite=$(tail -n 1 "$work/out")
    expect 0 joined join "$invite" --as Made
    expect 0 teller join "$invite" --as Wayan
    expect 0 listener join "$invite" --as Dewi
    expect 0 source import rows "$work/rows.csv" --key number
    serve listener
    listener_pid=$pid listener_address=$address
    expect 0 teller sync "$listener_address"
}

# ---- all of them ----

# until_killed COUNT WHAT one|two COMMAND...: again and again, as some are over before they are
# killed; `one` begins anew now and then, so that it stays small.
until_killed() {
    local goal=$((killed + $1)) tries=$((5 * $1 + 5))
    shift
    while [ "$killed" -lt "$goal" ] && [ "$tries" -gt 0 ]; do
        [ $((tries % 10)) -ne 0 ] || [ "$2" = two ] || fresh one
        tries=$((tries - 1))
        "${@:3}"
    done
    equal "kills of $1" "$killed" "$goal"
}

# took_ms COMMAND...: how long it takes, so that the moments lie within.
took_ms() {
    local began=${EPOCHREALTIME/[.,]/}
    expect 0 "$@"
    took=$(((${EPOCHREALTIME/[.,]/} - began) / 1000 + 5))
    [ "$took" -lt 900 ] || took=900
}

kill_all() {
    local share=$((($1 + 9) / 10))
    fresh one
    awk -v n=$rows 'BEGIN { print "number,note"; for (i = 1; i <= n; i++) print i ",row " i }' \
        >"$work/rows.csv"
    took_ms one import rows "$work/rows.csv" --key number
    import_ms=$took
    until_killed $((2 * share)) put one kill_puts
    until_killed $((2 * share)) import one kill_import 200
    until_killed $((2 * share)) 'view commit' one kill_import 2000
    until_killed "$share" 'import command' one kill_command
    set_up_two
    cp -r "$work/joined" "$work/guest"
    took_ms guest sync "$source_address"
    sync_ms=$took
    until_killed "$share" 'receiver' two kill_receiver
    until_killed $((2 * share)) 'sender' two kill_sender
    for folder in source listener; do
        is_sound "$folder"
    done
    stop "$source_pid"
    stop "$listener_pid"
    printf 'figures: %d kills, %d acknowledged items looked for\n' "$killed" "$told"
}

printf 'LUM_SEED=%d\n' "$seed"
slow=$LUMBUNG
LUMBUNG=$LUMBUNG_RELEASE
kill_all "$kills"
if [ "$slow" != "$LUMBUNG_RELEASE" ]; then
    LUMBUNG=$slow
    rm -rf "$work"/guest
    kill_all $((kills / 20))
fi
finish
