#!/usr/bin/env bash
# Nothing is told before the disk has it. kill -9 takes no page cache with it, so only the order of
# system calls can show this: tools/order.c stands between every process here and its libraries, and
# notes for each seal, HAVE, answer and line of text whether the commit behind it was durable.
# The bug bank (tests/bugs, 80 to 82) shows that it sees what it is there for.
. "$(dirname "$0")/lib.sh"

: "${LUM_TOOLS:?where the helpers of the scripts are}"

# The notes about a process stand beside its folder.
cat >"$work/watched" <<END
#!/bin/sh
LD_PRELOAD='$LUM_TOOLS/order.so' LUM_ORDER_LOG="\$2.order" exec '$LUMBUNG_RELEASE' "\$@"
END
chmod +x "$work/watched"
LUMBUNG=$work/watched

# orderly FOLDER WHAT LEAST...: nothing was early, and this was said so often at least.
orderly() {
    local folder=$1 early said
    shift
    checks=$((checks + 1))
    early=$(grep early "$work/$folder.order" | sort | uniq -c | xargs)
    [ -z "$early" ] || wrong "$folder tells before the disk has it: $early"
    while [ $# -gt 0 ]; do
        said=$(grep -c "^$1 ok" "$work/$folder.order")
        checks=$((checks + 1))
        [ "$said" -ge "$2" ] || wrong "$folder: $said times $1, not $2"
        printf '%s: %d times %s, and the disk had it\n' "$folder" "$said" "$1"
        shift 2
    done
}

same_frontiers() {
    [ "$(status a frontier)" = "$(status c frontier)" ]
}
reach_c() {
    checks=$((checks + 1))
    until_true 60 same_frontiers && return
    wrong 'a and c do not become equal'
    finish
}

# ---- a line of three halls: told to the person, from a to b, from b to c ----

expect 0 a init Lumbung --as Siti
serve a
pid_a=$pid
expect 0 a -q invite --uses 2
invite=$(tail -n 1 "$work/out")
expect 0 b join "$invite" --as Made
serve b
pid_b=$pid
expect 0 c join "$invite" "$address" --as Wayan
stop "$pid_a"
serve a # so that b has the line, and c goes through b
pid_a=$pid
serve c
pid_c=$pid
reach_c
for i in 1 2 3 4 5 6 7 8 9 10; do # one by one: a commit each
    expect 0 a put items "number:=$i"
    reach_c
done
"$LUM_TOOLS/feed" "$work/a" put 100000 >"$work/acks.1" & # commits that are shared
first=$!
"$LUM_TOOLS/feed" "$work/a" import 200000 500 >"$work/acks.2" &
second=$!
until_true 60 [ -s "$work/acks.2" ] || wrong 'no acknowledgement'
sleep 0.5
stop "$pid_a"
wait "$first" "$second"
serve a
pid_a=$pid
reach_c
for node in "$pid_a" "$pid_b" "$pid_c"; do
    stop "$node"
done
told=$(($(wc -l <"$work/acks.1") + $(wc -l <"$work/acks.2")))
orderly a answer $((10 + told)) seal 10
orderly b have 10 seal 10
orderly c have 10

# ---- a command by itself: its words are the acknowledgement ----

expect 0 alone init Lumbung --as Siti
for i in 1 2 3; do
    expect 0 alone put items "number:=$i"
done
awk 'BEGIN { print "number,note"; for (i = 1; i <= 6000; i++) print i ",row " i }' >"$work/rows.csv"
expect 0 alone import rows "$work/rows.csv" --key number
orderly alone text 5
finish
