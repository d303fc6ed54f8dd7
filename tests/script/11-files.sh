#!/usr/bin/env bash
# labels: cli
# Tables in and out: every delimiter and line end, keys, what is skipped, what comes back out as it
# went in; Ctrl-C leaves whole batches and the same command goes on.
. "$(dirname "$0")/lib.sh"

expect 0 a init Desa --as Siti

# ---- the same table in four spellings is one set of records
printf 'kode,nama,luas\n001,"Sumber, Rejo",12.5\n2,Café,7\n3,,5.0\n' >"$work/a.csv"
printf '\357\273\277kode;nama;luas\r\n001;"Sumber, Rejo";12.5\r\n2;Café;7\r\n3;;5.0\r\n' >"$work/b.csv"
printf 'luas\tkode\tnama\n12.5\t001\tSumber, Rejo\n7\t2\tCafe\314\201\n5.0\t3\t\n' >"$work/c.tsv"
printf '%s\n' '{"kode":"001","nama":"Sumber, Rejo","luas":12.5}' '{"kode":2,"nama":"Café","luas":7}' \
    '{"luas":5.0,"kode":3}' >"$work/d.ndjson"
expect 0 a --json import villages "$work/a.csv" --key kode
equal "three are new" "$(cat "$work/out")" '{"changed":0,"created":3,"deleted":0,"rows":3,"same":0}'
expect 0 a --json import villages "$work/b.csv" --key kode
equal "semicolons, CRLF and a mark: the same" "$(value same <"$work/out")" 3
expect 0 a --json import villages "$work/d.ndjson" --key kode
equal "NDJSON: the same" "$(value same <"$work/out")" 3
expect 0 a --json import villages - --key kode <"$work/a.csv"
equal "a pipe: the same" "$(value same <"$work/out")" 3
# values are kept as they were typed, so another spelling of é is another value; keys are not
expect 0 a --json import villages "$work/c.tsv" --key kode
equal "tabs, other order" "$(value changed <"$work/out")" 1

# ---- numbers are numbers only in their one form
expect 0 a --json find villages 'luas > 6' --sort luas
equal "sorted by number" "$(sed -n 's/.*"luas":\([0-9.]*\).*/\1/p' "$work/out" | tr '\n' ' ')" '7 12.5 '
expect 0 a --json get villages/001
out_has '"kode":"001"'
expect 0 a --json get villages/3
out_has '"kode":3,"luas":5.0}'

# ---- deleted rows are left alone, and told
expect 0 a del villages/2
expect 0 a import villages "$work/a.csv" --key kode
out_has 'deleted here'
err_has 'skipped, deleted: 2'
expect 0 a --json import villages "$work/a.csv" --key kode
equal "the row of the skipped one" "$(head -n 1 "$work/out")" '{"end":"deleted","key":"2"}'
equal "and the sum" "$(tail -n 1 "$work/out")" '{"changed":0,"created":0,"deleted":1,"rows":3,"same":2}'

# ---- without --key a row is its file and its number: a second run adds nothing, another file does
expect 0 a --json import notes "$work/a.csv"
equal "new" "$(value created <"$work/out")" 3
expect 0 a --json import notes "$work/a.csv"
equal "nothing" "$(value created <"$work/out")" 0
expect 0 a --json import notes "$work/b.csv"
equal "another file" "$(value created <"$work/out")" 3

# ---- out and in again: the same records in another space
expect 0 a export villages -o "$work/out.ndjson"
err_has '2 records written'
expect 0 a export villages -o "$work/out.csv"
equal "the table" "$(cat "$work/out.csv")" $'kode,luas,nama\n001,12.5,"Sumber, Rejo"\n3,5.0,'
expect 0 a export villages
equal "on standard output NDJSON" "$(cat "$work/out")" "$(cat "$work/out.ndjson")"
expect 0 a export villages -o - --format csv
equal "or CSV" "$(cat "$work/out")" "$(cat "$work/out.csv")"
expect 0 b init Desa --as Made
expect 0 b import villages "$work/out.csv" --key kode
expect 0 b export villages -o "$work/again.ndjson"
equal "what went round" "$(cat "$work/again.ndjson")" "$(cat "$work/out.ndjson")"
equal "an export that fails leaves no file" \
    "$(lum a export villages -o "$work/none/out.csv"; echo $?; ls "$work" | grep -c '\.csv\.')" $'66\n0'
expect 0 a export nothing -o "$work/empty.csv"
equal "an empty collection is an empty file" "$(wc -c <"$work/empty.csv")" 0

# ---- through a running node: the same commands, the same answers
serve a
seq -f '{"n":%g,"text":"baris"}' 1 10000 >"$work/many.ndjson"
expect 0 a --json import many "$work/many.ndjson" --key n
equal "three batches" "$(value created <"$work/out")" 10000
expect 0 a --json put free -f "$work/many.ndjson"
equal "rows of three batches and one sum" "$(wc -l <"$work/out")" 10001
expect 0 a find many --count 'n > 9000 and text prefix BAR'
equal "found by the node" "$(cat "$work/out")" 1000
expect 0 a export many -o "$work/many.out"  --format ndjson
equal "all of them" "$(wc -l <"$work/many.out")" 10000
expect 0 a verify
stop "$pid"

# ---- Ctrl-C: whole batches stay; the same command goes on
rows=60000
awk -v n=$rows 'BEGIN { print "id,name,area"; for (i = 1; i <= n; i++) print i ",desa " i "," i / 8 }' \
    >"$work/long.csv"
log_grows() { # FOLDER BYTES
    [ "$(stat -c %s "$work/$1/log.mdb")" -gt "$2" ]
}
interrupt() { # FOLDER: its import, once something of it is saved
    local before import got=0 saved
    before=$(stat -c %s "$work/$1/log.mdb")
    "$LUMBUNG" -S "$work/$1" import long "$work/long.csv" --key id >"$work/out" 2>"$work/err" &
    import=$!
    until_true 60 log_grows "$1" $((before + 100000)) || wrong 'the import never began'
    kill -INT "$import"
    wait "$import" || got=$?
    equal "exit on Ctrl-C, $1" "$got" 130
    err_has 'Run the same command again'
    expect 0 "$1" verify
    expect 0 "$1" find long --count
    saved=$(cat "$work/out")
    equal "rows in half a batch, of $saved in $1" $((saved % 4096)) 0
    checks=$((checks + 1))
    [ "$saved" -gt 0 ] || wrong "nothing stayed in $1"
    expect 0 "$1" --json import long "$work/long.csv" --key id
    equal "the rest came to $1" "$(value created <"$work/out")" $((rows - saved))
    equal "and what was there is the same" "$(value same <"$work/out")" "$saved"
}
interrupt b
serve a
interrupt a
stop "$pid"
finish
