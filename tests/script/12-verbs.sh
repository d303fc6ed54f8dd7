# labels: cli net
# Every verb and every option once, with a look at what it says: to a person in both languages, to a
# program as JSON, on a terminal and off it. What the other scripts here look at closely is left out.
. "$(dirname "$0")/lib.sh"

names() { grep -o "\"$1\":\"[^\"]*\"" "$work/out" | cut -d'"' -f 4 | tr '\n' ' '; }

# ---- help: each verb is listed, and has a page in both languages
expect 0 a help
verbs=$(sed -n 's/^  \([a-z]*\) .*/\1/p' "$work/out")
equal "verbs" "$(wc -w <<<"$verbs")" "$(grep -c '^    {"[a-z]*", lum_cmd' "$LUM_SOURCE/cli/main.c")"
for verb in $verbs; do
    expect 0 a help "$verb"
    out_has "lumbung $verb"
    cp "$work/out" "$work/english"
    expect 0 a --lang id help "$verb"
    out_has "lumbung $verb"
    checks=$((checks + 1))
    ! cmp -s "$work/out" "$work/english" || wrong "help $verb is English in Indonesian"
    [ "$verb" != help ] || continue
    expect 0 a "$verb" --help
    equal "--help of $verb" "$(cat "$work/out")" "$(cat "$work/english")"
done
expect 64 a
out_has 'lumbung help COMMAND'
expect 64 a help nonsense
expect 0 a --version
equal "version" "$(cat "$work/out")" "$(expect 0 a version; cat "$work/out")"
expect 0 a version --json
out_has '{"version":"'

# ---- where the store is
expect 66 a find trees
err_has 'lumbung init NAME --as PERSON'
export LUMBUNG_DIR=$work/a
"$LUMBUNG" init Balai --as Siti >"$work/out" 2>"$work/err"
out_has "$work/a"
"$LUMBUNG" status >"$work/out" 2>"$work/err"
out_has 'You are Siti (steward); 1 member'
unset LUMBUNG_DIR
XDG_DATA_HOME=$work "$LUMBUNG" init Other --as Siti >"$work/out" 2>"$work/err"
out_has "$work/lumbung"
expect 64 c init Balai --no-input
err_has '--as'

# ---- errors: what, why, what to do; the same as JSON; in Indonesian
expect 65 a put Trees a=1
equal "three lines" "$(wc -l <"$work/err")" 3
err_has 'lumbung: This is no name for a collection: Trees'
expect 65 a put Trees a=1 --lang id
err_has 'lumbung: Ini bukan nama koleksi: Trees'
LC_ALL=id_ID.UTF-8 "$LUMBUNG" -S "$work/a" put Trees a=1 2>"$work/err"
err_has 'Ini bukan nama koleksi'
expect 65 a put Trees a=1 --json --lang id
equal "one line" "$(wc -l <"$work/err")" 1
for part in '"v":1' '"ok":false' '"code":65' '"error":"bad_collection"' '"details":["Trees"' \
    'Ini bukan nama koleksi' '"hint":"'; do
    err_has "$part"
done
equal "nothing on standard output" "$(cat "$work/out")" ""
expect 64 a fnd trees
err_has 'lumbung help find'

# ---- find: every operator
n=0
for row in 'mahoni 120 1.5' 'bakau 30 2.5' 'bakau muda 45 3.0' 'sengon 45 0.5'; do
    n=$((n + 1))
    expect 0 a put trees -q "n:=$n" "kind=${row% * *}" \
        "height_cm:=$(cut -d' ' -f $(($(wc -w <<<"$row") - 1)) <<<"$row")" "girth:=${row##* }"
done
# found WHERE NUMBERS: which of the four.
found() {
    expect 0 a --json find trees "$1" --sort n
    equal "$1" "$(grep -o '"n":[0-9]*' "$work/out" | cut -d: -f 2 | tr -d '\n')" "$2"
}
found 'kind = bakau' 2
found 'kind != bakau' 134
found 'height_cm < 45' 2
found 'height_cm <= 45' 234
found 'height_cm > 45' 1
found 'height_cm >= 45' 134
found 'girth >= 2.5' 23
found 'kind in (sengon, "bakau muda")' 34
found 'kind contains muda' 3
found 'kind prefix bak' 23
found 'kind prefix BAK and not height_cm = 30' 3
found 'kind = sengon or (height_cm = 45 and girth = 3.0)' 34
found 'missing = 1' ''
expect 0 a find trees --sort -girth --limit 2
equal "sorted downwards, two of them" "$(cut -f 2 "$work/out" | tr '\n' ' ')" '3.0 2.5 '
expect 0 a find trees --count 'kind prefix b'
equal "a count is bare" "$(cat "$work/out")" 2
expect 0 a find trees --count --json
equal "or JSON" "$(cat "$work/out")" '{"count":4}'

# ---- history in both languages
id=$(lum a --json find trees 'n = 1'; value id <<<"$(head -n 1 "$work/out")")
expect 0 a set "trees/$id" kind=trembesi
expect 0 a del "trees/$id"
expect 0 a restore "trees/$id"
expect 0 a history "trees/${id:0:8}" --lang id
for word in Siti dibuat diisi dihapus dipertahankan '"trembesi"'; do
    out_has "$word"
done

# ---- conflicts and resolve: every form
serve a
expect 0 a -q invite
expect 0 b join "$(tail -n 1 "$work/out")" --as Made
meet() {
    expect 0 b sync "$address"
    out_has 'Equal with Siti'
}
for key in k1 k2 k3 k4 k5 k6 k7; do echo "$key,0"; done | sed '1i key,v' >"$work/keys.csv"
expect 0 a import items "$work/keys.csv" --key key
out_has '7 rows: 7 new, 0 changed'
meet
for key in k1 k2 k3 k6; do
    expect 0 a set "items/$key" v=siti
    expect 0 b set "items/$key" v=made
done
for key in k4 k5 k7; do
    expect 0 a del "items/$key"
    expect 0 b set "items/$key" v=made
done
meet
expect 0 b peers
out_has '4 conflicts'
found_at_a() { lum a peers && grep -q '4 conflicts' "$work/out"; }
checks=$((checks + 1))
until_true 20 found_at_a || wrong "A does not say what the meeting brought"
expect 0 a conflicts
out_has 'items/k1  v'
out_has '"made"'
out_has '<- shown now'
out_has 'items/k4  deleted but edited'
out_has 'deleted by Siti'
err_has 'lumbung resolve'
expect 0 a conflicts --lang id
out_has 'dihapus tetapi diubah'
expect 0 a conflicts nothing
out_has 'Nothing is in dispute'
expect 0 a get items/k1
err_has 'lumbung conflicts items'
expect 0 a get items/k4
err_has 'lumbung resolve items/k4 --keep or --delete'
expect 0 a status
out_has '4 values differ'
out_has '3 records were deleted and edited'
expect 0 a --json conflicts items
equal "conflicts as JSON" "$(names kind)" \
    'value value value value deleted-but-edited deleted-but-edited deleted-but-edited '
equal "and how many" "$(value count <"$work/out")" 7
event=$(grep '"key":"k1"' "$work/out" | grep -o '"event":"[^"]*","member":"Siti"' | cut -d'"' -f 4)
expect 66 a resolve items/k1 v --take "${event%:*}:99999"
expect 0 a resolve items/k1 v --take "$event"
out_has 'items/k1 is settled'
expect 0 a --json get items/k1
out_has '"v":"siti"'
expect 0 a resolve items/k2 v --value 12.5
expect 0 a --json get items/k2
out_has '"v":12.5'
expect 0 a resolve items/k3 v --value 'a word' --json
expect 0 a --json get items/k3
out_has '"v":"a word"'
expect 0 a resolve items/k4 --keep
expect 0 a resolve items/k5 --delete
expect 0 a find items --count
equal "one less" "$(cat "$work/out")" 6
expect 66 a resolve items/k1 v --value 1
err_has 'Nothing is in dispute'
expect 66 a resolve items --all --take Nobody
err_has 'lumbung members'
# What changed since it was shown is not settled unseen.
expect 0 b set items/k6 more=again
meet
expect 65 a resolve items --all --take Made
err_has 'have changed since they were shown'
expect 0 a conflicts
expect 0 a resolve items --all --take Made
equal "a value, and a record that Made edited" "$(cat "$work/out")" '2 settled'
expect 0 a --json get items/k6
out_has '"more":"again","v":"made"'
meet
expect 0 b conflicts
out_has 'Nothing is in dispute'
equal "b: all is settled" "$(status b state)" "$(status a state)"
# A member who said nothing of it leaves it as it is.
expect 0 a del items/k1
expect 0 b set items/k1 v=made
meet
expect 0 b --json conflicts
expect 0 b --json resolve items --all --take Siti
equal "settled by who deleted it" "$(cat "$work/out")" '{"left":0,"resolved":1}'
expect 0 b find items --count
equal "it is gone" "$(cat "$work/out")" 5

# ---- meetings, people, status
expect 0 b peers
out_has 'Equal with Siti'
expect 0 b --lang id peers
out_has 'Sama dengan Siti'
expect 0 b --json sync "$address"
for member in records_new records_changed records_deleted received sent bytes_in bytes_out seconds; do
    out_has "\"$member\":"
done
expect 0 b sync
out_has 'Equal with Siti'
expect 0 b --json status
for member in space name events records conflicts pending void waiting bytes_log bytes_view frontier \
    state shelves peers person role; do
    out_has "\"$member\":"
done
expect 0 a invite --role reader --uses 3
err_has 'role reader, 3 uses'
err_has "$address"
expect 0 a --lang id invites
out_has 'pembaca'
expect 0 a --json invites
equal "invites" "$(value count <"$work/out")" 2
expect 0 a --json members
equal "members" "$(names name | tr ' ' '\n' | sort | tr '\n' ' ')" 'Made Siti '
expect 0 a admit Made --role steward
out_has 'Made is in, as steward'
stop "$pid"
expect 69 b sync "$address"
equal "a failure is told once" "$(cat "$work/out")" ""
err_has 'connection refused'
expect 69 b sync

# ---- the log, and care
expect 0 a log
for word in control data applied Made; do
    out_has "$word"
done
equal "a line an event" "$(wc -l <"$work/out")" "$(status a events)"
expect 0 a --json log
equal "the same as JSON" "$(grep -c '"state":"applied"' "$work/out")" "$(status a events)"
expect 0 a verify --lang id
out_has 'Tidak ada kesalahan'
expect 0 a rebuild
out_has 'The view is made anew: '
expect 0 a compact
out_has 'Both files: '
expect 0 a --json compact
out_has '"bytes_log_before":'

cp -r "$work/a" "$work/hurt"
dd if=/dev/zero of="$work/hurt/log.mdb" bs=4096 seek=2 count=1 conv=notrunc 2>"$work/err"
cp "$work/hurt/log.mdb" "$work/hurt.was"
expect 0 hurt rescue "$work/saved"
out_has 'saved into '
expect 0 saved verify
expect 0 hurt --json rescue "$work/saved.json"
out_has '"lost":0'
expect 0 hurt --lang id rescue "$work/saved.id"
out_has 'diselamatkan ke'
expect 73 hurt rescue "$work/saved"
expect 66 nowhere rescue "$work/saved.none"
equal "the damaged one is as it was" "$(cmp "$work/hurt/log.mdb" "$work/hurt.was" && echo same)" same

# ---- in and out
expect 0 a export items -o "$work/items.csv"
equal "a table" "$(head -n 2 "$work/items.csv")" $'key,more,v\nk2,,12.5'
expect 0 a export items --json -o "$work/items.ndjson"
equal "what was written" "$(cat "$work/out")" \
    '{"count":5,"cut":0,"file":"'"$work/items.ndjson"'"}'
expect 0 a import copies - --format ndjson --key key -q <"$work/items.ndjson"
expect 0 a find copies --count
equal "in again" "$(cat "$work/out")" 5
seq 1 20000 >"$work/long.csv"
expect 0 a import long "$work/long.csv"
{ "$LUMBUNG" -S "$work/a" export long; echo $? >"$work/code"; } 2>"$work/err" | head -n 1 >"$work/out"
equal "who has read enough hears no complaint" "$(cat "$work/err")" ""

# ---- a terminal: headings, colour, progress; none of it in a pipe
if command -v script >/dev/null; then
    # on_terminal WORDS: what a person would see.
    on_terminal() {
        script -qec "'$LUMBUNG' -S '$work/a' $1" /dev/null >"$work/out" 2>"$work/err" </dev/null
    }
    escape=$'\033[1m'
    export TERM=xterm
    on_terminal 'find trees'
    out_has "${escape}id"
    out_has '4 records'
    NO_COLOR=1 on_terminal 'find trees'
    equal "NO_COLOR" "$(grep -cF "$escape" "$work/out")" 0
    out_has 'id  '
    on_terminal 'find trees --no-color'
    equal "--no-color" "$(grep -cF "$escape" "$work/out")" 0
    seq 1 60000 >"$work/longer.csv"
    on_terminal "import one '$work/longer.csv'"
    out_has ' of 59,999   '
    out_has '59,999 rows: 59,999 new'
    on_terminal "import two '$work/longer.csv' -q"
    equal "-q: no progress" "$(grep -c ' of 59,999   ' "$work/out")" 0
    expect 0 a import three "$work/longer.csv"
    equal "a pipe: no progress" "$(cat "$work/err")" ""
else
    echo "not shown here: a terminal"
fi
finish
