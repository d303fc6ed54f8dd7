#!/usr/bin/env bash
# `lumbung bench` with few records: every row is told, every store verifies, nothing is left behind;
# what it cannot measure with is said before it begins. Figures themselves are not judged here.
. "$(dirname "$0")/lib.sh"

export TMPDIR=$work/bench
mkdir "$TMPDIR"

nothing_left() {
    checks=$((checks + 1))
    [ -z "$(ls -A "$TMPDIR")" ] || wrong "bench left behind: $(ls -A "$TMPDIR")"
}

# rows: the rows that standard output tells, once each.
rows() {
    sed -n 's/.*"row":"\([^"]*\)".*/\1/p' "$work/out" | sort -uV | paste -sd ' '
}

# value_of FIGURE
value_of() {
    sed -n 's/.*"figure":"'"$1"'",.*"value":\([^},]*\).*/\1/p' "$work/out"
}

# 1. Every row, from records made here.
expect 0 none bench --events 2000 --json
equal 'rows' "$(rows)" '1 2 3 3b 4 5 6 7 8 9 10 11 14 15 16 17 raw'
equal 'figures' "$(value figures <"$work/out")" "$(grep -c '^FIGURE' "$LUM_SOURCE/cli/bench.def")"
equal 'figures told' "$(value figures <"$work/out")" "$(grep -c '"figure":' "$work/out")"
equal 'conflicts too many or too few' "$(value_of apart_wrong)" 0.0
checks=$((checks + 1))
[ "$(value verified <"$work/out")" -ge 17 ] || wrong 'stores that were not verified'
nothing_left

# 2. Rows of a file, whatever their fields are called; without a field to edit or sort by too.
for i in $(seq 150); do
    echo "{\"n\\u00e4me\":\"$i\",\"\\\"x y\\\"\":$((i * i % 97)),\"list\":[0,1,2]}"
done >"$work/odd.ndjson"
expect 0 none bench --records "$work/odd.ndjson" --key 'näme' --lang id
out_has 'sinkron pertama'
nothing_left

# 3. Files that it cannot use.
echo '{"id":"1"}' >"$work/few.ndjson"
expect 65 none bench --records "$work/few.ndjson"
err_has 'it has 1 record; at least 100 are needed'
expect 65 none bench --records "$work/odd.ndjson" --key id
err_has 'record 1 has no field id'
printf 'id,name\n1,Sari\n' >"$work/table.csv"
expect 65 none bench --records "$work/table.csv"
err_has 'table.csv:1:2'
expect 66 none bench --records "$work/none.ndjson"
expect 64 none bench --events many
nothing_left

# 4. Ctrl-C, heard by it alone: its children end with it.
"$LUMBUNG" bench --events 3000 --json >"$work/out" 2>"$work/err" &
pid=$!
pids+=("$pid")
until_true 60 grep -q event_rest "$work/out" || wrong 'bench measures nothing'
kill -INT "$pid"
wait "$pid"
equal 'exit code of Ctrl-C' "$?" 130
nothing_left
checks=$((checks + 1))
! pgrep -f -- "-S $TMPDIR" >/dev/null || wrong 'a child of bench still runs'

finish
