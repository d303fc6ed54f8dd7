# labels: cli
# What bad input gets: for each row the exit code (sysexits), the cause, the place that is named, and
# both files of the store byte for byte as they were.
. "$(dirname "$0")/lib.sh"

rows=0
mkdir "$work/f"
cd "$work/f" || exit 1

expect 0 s init Desa --as Siti
expect 0 s put trees name=mahoni height:=120
printf 'code,name\n1,satu\n2,dua\n' >good.csv
expect 0 s import places good.csv --key code
tree=$(lum s --json find trees; sed -n '1s/.*"id":"\([0-9a-f]*\)".*/\1/p' "$work/out")
cp -a "$work/s" "$work/kept"

# same FOLDER: both files are what they were.
same() {
    cmp -s "$work/$1/log.mdb" "$work/kept/log.mdb" || wrong "$2: log.mdb has changed"
    cmp -s "$work/$1/view.mdb" "$work/kept/view.mdb" || wrong "$2: view.mdb has changed"
    cp "$work/$1/log.mdb" "$work/$1/view.mdb" "$work/kept" # each row stands for itself
}

# refuse CODE CAUSE PLACE ARGUMENT...: with --json; PLACE is in the details, "" = not looked at.
refuse() {
    local code=$1 cause=$2 place=$3 got=0
    shift 3
    rows=$((rows + 1))
    lum "${folder:-s}" --json "$@" <"${input:-/dev/null}" || got=$?
    [ "$got" -eq "$code" ] || wrong "exit $got, not $code: $*"
    grep -q "\"error\":\"$cause\"" "$work/err" || wrong "not $cause: $*"
    sed -n 's/.*"details"://p' "$work/err" | grep -qF -- "$place" || wrong "not at $place: $*"
    [ -n "${folder:-}" ] || same s "$*"
}

# ---- tables
long() { head -c "$1" /dev/zero | tr '\0' "${2:-x}"; }
printf '' >empty.csv
refuse 65 bad_row empty.csv:1:1 import p empty.csv
printf 'a,,c\n1,2,3\n' >noname.csv
refuse 65 bad_row noname.csv:1:3 import p noname.csv
printf 'a,b,a\n1,2,3\n' >twice.csv
refuse 65 bad_row twice.csv:1:5 import p twice.csv
printf 'a,%s\n1,2\n' "$(long 65)" >longname.csv
refuse 65 bad_row longname.csv:1:3 import p longname.csv
printf 'a,b\n1,2\n3\n' >short.csv
refuse 65 bad_row short.csv:3:2 import p short.csv
printf 'a;b\n1;2\n3;4;5\n' >wide.csv
refuse 65 bad_row wide.csv:3:5 import p wide.csv
printf 'a,b\n1,x"y\n' >stray.csv
refuse 65 bad_row stray.csv:2:4 import p stray.csv
printf 'a,b\n1,"x"y\n' >after.csv
refuse 65 bad_row after.csv:2:6 import p after.csv
printf 'a,b\n1,"x\n2,y\n' >open.csv
refuse 65 bad_row open.csv:2:3 import p open.csv
printf 'a,b\n1,x\ry\n' >return.csv
refuse 65 bad_row return.csv:2:4 import p return.csv
printf 'a,b\n1,x\0y\n' >zero.csv
refuse 65 bad_row zero.csv:2:4 import p zero.csv
printf 'a,b\n1,caf\351\n' >latin1.csv
refuse 65 bad_encoding latin1.csv:2:6 import p latin1.csv
printf '\377\376a\0,\0b\0\n\0' >utf16.csv
refuse 65 bad_row utf16.csv:1: import p utf16.csv
printf 'a,b\n1,\355\240\200\n' >surrogate.csv
refuse 65 bad_encoding surrogate.csv:2:3 import p surrogate.csv
printf 'k,b\n1,x\n2,y\n1,z\n' >samekey.csv
refuse 65 duplicate_key '"samekey.csv:4","2"' import p samekey.csv --key k
printf 'k,l\n A ,1\nB,1\nA,1\n' >sametrim.csv
refuse 65 duplicate_key '"sametrim.csv:4","2"' import p sametrim.csv --key k,l
{ echo k && seq 1 9000 && echo 5; } >many.csv
refuse 65 duplicate_key '"many.csv:9002","6"' import p many.csv --key k
TMPDIR=$work/nowhere refuse 66 no_file "$work/nowhere" import p many.csv --key k
refuse 65 bad_row good.csv:1 import p good.csv --key code,kode
printf 'k,b\n1,x\n,y\n' >nokey.csv
refuse 65 bad_key nokey.csv:3 import p nokey.csv --key k
printf 'k,b\n1,x\n"\ta\vb",y\n' >ctrlkey.csv
refuse 65 bad_key ctrlkey.csv:3 import p ctrlkey.csv --key k
printf 'k,b\n1,x\n%s,y\n' "$(long 1025)" >longkey.csv
refuse 65 bad_key longkey.csv:3 import p longkey.csv --key k
printf 'k,b\n1,x\n2,%s\n' "$(long 8200)" >longvalue.csv
refuse 65 bad_row longvalue.csv:3 import p longvalue.csv --key k
{ printf 'a0'; seq -f ',a%g' -s '' 1 9; long 7000 a; for _ in 1 2 3 4 5 6 7 8 9; do
    printf ','; long 8000 b; done; printf '\n'; } >bigrow.csv
refuse 65 bad_row bigrow.csv:2 import p bigrow.csv
{ printf 'c0'; seq -f ',c%g' -s '' 1 4096; printf '1\n'; } >columns.csv
refuse 65 too_many_fields columns.csv:1 import p columns.csv
input=short.csv refuse 65 bad_row '"-:3:2"' import p -
mkfifo pipe
cat stray.csv >pipe &
refuse 65 bad_row pipe:2:4 import p pipe
wait $!
refuse 66 no_file nothere.csv import p nothere.csv
refuse 74 disk_error '"."' import p .
refuse 65 bad_collection Desa import Desa good.csv
refuse 65 bad_collection '' put 'x y' a=1
refuse 64 bad_usage format import p good.csv --format xml
refuse 64 bad_usage key import p good.csv --key code,,name
refuse 64 bad_usage format export places -o places.xlsx

# A line of 100 MB in 256 MB of memory: read no further than a row may be long. AddressSanitizer
# keeps terabytes of addresses to itself, so this one is the binary that people run.
long 100000000 >huge.csv
rows=$((rows + 1))
got=0
(
    release
    ulimit -v 262144
    "$LUMBUNG" -S "$work/s" --json import p huge.csv >"$work/out" 2>"$work/err"
) || got=$?
[ "$got" -eq 65 ] || wrong "exit $got, not 65: a line of 100 MB"
err_has '"error":"line_too_long"'
err_has huge.csv:1
same s huge
rm huge.csv

# ---- lines of JSON
json() { printf '{"k":1}\n%b\n' "$1" >bad.ndjson; }
json '{"k":2,}'
refuse 65 bad_json bad.ndjson:2:8 import p bad.ndjson --key k
json '{"k":2'
refuse 65 bad_json bad.ndjson:2:7 import p bad.ndjson --key k
json '[1,2]'
refuse 65 bad_json bad.ndjson:2:1 import p bad.ndjson --key k
json '{"k":2} {"k":3}'
refuse 65 bad_json bad.ndjson:2:9 import p bad.ndjson --key k
json '{"k":2,"k":3}'
refuse 65 bad_json bad.ndjson:2: import p bad.ndjson --key k
json '{"k":[[[[[[[[[1]]]]]]]]]}'
refuse 65 bad_json bad.ndjson:2: import p bad.ndjson --key k
json '{"k":1e999}'
refuse 65 bad_json bad.ndjson:2: import p bad.ndjson --key k
json '{"k":"a\\u0000b"}'
refuse 65 bad_json bad.ndjson:2: import p bad.ndjson --key k
json '{"k":"caf\0351"}'
refuse 65 bad_encoding bad.ndjson:2:10 import p bad.ndjson --key k
json '{"k":2,"list":[1,2]}'
refuse 65 bad_json bad.ndjson:2 import p bad.ndjson --key k
json '{"k":2,"a\\nb":1}'
refuse 65 bad_json bad.ndjson:2 import p bad.ndjson --key k
json '{"k":1}'
refuse 65 duplicate_key '"bad.ndjson:2","1"' import p bad.ndjson --key k
json '{"k":2.5}'
refuse 65 bad_key bad.ndjson:2 import p bad.ndjson --key k
json '{"other":1}'
refuse 65 bad_key bad.ndjson:2 import p bad.ndjson --key k
json '{"k":tru}'
refuse 65 bad_json bad.ndjson:2: put p -f bad.ndjson

# ---- words
refuse 64 bad_usage '"put ..."' put
refuse 64 bad_usage '"put ..."' put p
refuse 64 bad_usage '"name"' put p name
refuse 64 bad_usage '"=x"' put p =x
refuse 65 bad_json 'k:1:2' put p 'k:={'
refuse 65 bad_value '"k"' put p 'k:=[1]'
refuse 65 bad_value '"k"' put p 'k:={"a":1}'
refuse 65 value_too_long '"k"' put p "k=$(long 8190)"
refuse 65 bad_field '"k"' put p k=1 k=2
refuse 65 bad_field '' put p "$(long 65)=1"
refuse 65 bad_field '' put p $'a\tb=1'
refuse 65 bad_encoding '"k"' put p $'k=\xff'
refuse 64 bad_usage '"gett","get"' gett trees/1
refuse 64 bad_usage '"--nonsense"' find trees --nonsense
refuse 64 bad_usage '"get --sort"' get "trees/$tree" --sort x
refuse 64 bad_usage '"-S"' find trees -S
refuse 64 bad_usage '"get ..."' get
refuse 64 bad_usage '"b"' get a b
refuse 64 bad_usage '--lang' find trees --lang xx
refuse 64 bad_usage '"--limit 0"' find trees --limit 0
refuse 64 bad_usage '"--limit many"' find trees --limit many
refuse 64 bad_where '"8"' find trees 'name = '
refuse 64 bad_where '"6"' find trees 'name ~ x'
refuse 64 bad_where '' find trees '(name = x'
refuse 65 bad_collection '"Trees"' find Trees
refuse 65 bad_id '"trees"' get trees
refuse 66 no_record '"trees/00000000"' get trees/00000000
refuse 66 no_record '"trees/zzz"' set trees/zzz name=x
refuse 66 no_record '' del trees/abcdef01
refuse 65 record_not_deleted '' restore "trees/$tree"
refuse 66 no_conflict '' resolve "trees/$tree" name --value 1
refuse 64 bad_usage '' resolve "trees/$tree" name
refuse 64 bad_usage '' resolve "trees/$tree" name --take 1 --value 2
refuse 64 bad_usage '' resolve trees --all --keep
refuse 65 bad_id '' resolve "trees/$tree" name --take nonsense
refuse 66 no_member '"Nobody"' admit Nobody
refuse 65 bad_id '' cancel LUMBUNG:AAAA
refuse 64 bad_usage '--role' invite --role king
refuse 64 bad_usage '--role' admit Siti --role king
refuse 64 bad_usage '--uses' invite --uses -1
refuse 64 bad_address '"nowhere"' sync nowhere
refuse 64 bad_address '"127.0.0.1:99999"' sync 127.0.0.1:99999

refuse 64 no_address '' sync
refuse 64 bad_address '"here"' serve --listen here

# ---- folders: those of other rows may change, those of these are looked at by themselves
mkdir "$work/e"
folder=e refuse 66 no_store '/e"' find trees
folder=nowhere refuse 66 no_store '/nowhere"' put trees a=1
equal "nothing was made by looking" "$(ls -A "$work/e"; ls -d "$work/nowhere" 2>/dev/null)" ""
refuse 73 store_exists '/s"' init Again --as Siti
refuse 64 bad_usage '"--as"' init Again --no-input
folder=n refuse 65 bad_name '' init "$(long 65)" --as Siti
folder=n refuse 65 bad_name '' init Desa --as $'a\nb'
folder=n refuse 65 bad_invite prefix join nonsense --as Made
lum s invite && invite=$(cat "$work/out") && rm -rf "$work/kept" && cp -a "$work/s" "$work/kept"
folder=n refuse 65 bad_invite length join "${invite%?}" --as Made
folder=n refuse 65 bad_invite check join "${invite:0:20}$(tr 'A-M' 'N-Z' <<<"${invite:20:1}" |
    tr -d '\n' | sed "s/^${invite:20:1}$/A/")${invite:21}" --as Made
folder=n refuse 65 bad_invite letter join "${invite%?}1" --as Made
equal "no folder was made for a bad invite" "$(ls -d "$work/n" 2>/dev/null)" ""
refuse 73 store_exists '/s"' join "$invite" --as Made

# copy NAME: a store of its own to be spoilt.
copy() { rm -rf "${work:?}/$1" && cp -a "$work/kept" "$work/$1"; }
# kept_as_is NAME: refused, and left as it was found.
kept_as_is() {
    local name=$1
    shift
    cp -a "$work/$name" "$work/$name.was"
    folder=$name refuse "$@"
    cmp -s "$work/$name/log.mdb" "$work/$name.was/log.mdb" || wrong "$name: log.mdb was touched"
    cmp -s "$work/$name/view.mdb" "$work/$name.was/view.mdb" || wrong "$name: view.mdb was touched"
    chmod -R u+w "$work/$name" "$work/$name.was" && rm -rf "${work:?}/$name" "$work/$name.was"
}
copy x && echo 'this is a shopping list' >"$work/x/log.mdb"
kept_as_is x 78 store_not_ours log.mdb find trees
copy x && head -c 200000 /dev/urandom >"$work/x/log.mdb"
kept_as_is x 78 store_not_ours log.mdb find trees
copy x && truncate -s 12288 "$work/x/log.mdb"
kept_as_is x 78 store_damaged log.mdb find trees
copy x && truncate -s 5000 "$work/x/log.mdb"
kept_as_is x 78 store_damaged log.mdb put trees a=1
copy x && for at in $(grep -aobU format "$work/x/log.mdb" | cut -d: -f1); do
    printf '\0\0\0\2' | dd of="$work/x/log.mdb" bs=1 seek=$((at + 6)) conv=notrunc 2>/dev/null
done
kept_as_is x 78 store_damaged log.mdb find trees
copy x && for at in 20 4116; do # the version in both meta pages
    printf '\2' | dd of="$work/x/log.mdb" bs=1 seek=$at conv=notrunc 2>/dev/null
done
kept_as_is x 78 store_newer log.mdb find trees
copy x && rm "$work/x/seed.device"
kept_as_is x 78 store_damaged '/x"' put trees a=1
copy x && chmod 644 "$work/x/seed.node"
kept_as_is x 77 folder_not_ours seed.node find trees
copy x && head -c 31 "$work/s/seed.node" >"$work/x/seed.node"
kept_as_is x 78 store_damaged seed.node find trees

# ---- a view that is spoilt is made anew: no refusal, nothing lost
for spoil in 'echo nonsense' 'head -c 8192 /dev/zero' 'true'; do
    copy x && $spoil >"$work/x/view.mdb"
    expect 0 x find trees --count
    equal "records after: $spoil >view.mdb" "$(cat "$work/out")" 1
    expect 0 x verify
done
copy x && rm "$work/x/view.mdb"
expect 0 x find trees --count
equal "records without view.mdb" "$(cat "$work/out")" 1
rm -rf "$work/x"

# ---- a second process
exec 8>"$work/s/lock"
flock 8
refuse 75 store_locked '/s"' put trees a=1
exec 8>&-
rm -f "$work/s/lock"
serve s
refuse 75 node_running serve serve
refuse 65 bad_row short.csv:3:2 import p short.csv
refuse 65 bad_collection '"Desa"' import Desa good.csv
refuse 66 no_record '' set trees/00000000 a=1
kill -9 "$pid" && wait "$pid" 2>/dev/null
expect 0 s find trees --count
equal "a dead node's socket and lock are in nobody's way" "$(cat "$work/out")" 1

# ---- standard output that takes nothing
rows=$((rows + 1))
got=0
"$LUMBUNG" -S "$work/s" find trees >/dev/full 2>"$work/err" || got=$?
[ "$got" -eq 74 ] || wrong "exit $got, not 74: find >/dev/full"
err_has stdout
{ "$LUMBUNG" -S "$work/s" log --raw; echo $? >"$work/code"; } 2>"$work/err" | true
equal "silence when the reader of a pipe has gone" "$(cat "$work/err")" ""

# ---- a folder that cannot be written, a disk that is full: where this user can make one
if [ "$(id -u)" -ne 0 ]; then
    chmod -R a-w "$work/s" && chmod a-w "$work/s"
    refuse 77 no_permission '/s' put trees a=1
    chmod u+w "$work/s" "$work/s"/*
elif unshare -m true 2>/dev/null; then
    rows=$((rows + 2))
    got=0
    unshare -m sh -c 'mount --bind "$2" "$2" && mount -o remount,ro,bind "$2" &&
        exec "$1" -S "$2" --json put trees a=1' sh "$LUMBUNG" "$work/s" >"$work/out" 2>"$work/err" ||
        got=$?
    [ "$got" -eq 77 ] || wrong "exit $got, not 77: a read-only folder"
    err_has '"error":"read_only"'
    same s read-only
    got=0
    unshare -m sh -c 'mkdir -p "$3" && mount -t tmpfs -o size=400k,mode=700 none "$3" &&
        find "$2" -type f ! -name reserve -exec cp -a {} "$3" \; && dd if=/dev/zero of="$3/ballast" bs=1k 2>/dev/null
        "$1" -S "$3" --json put trees "a=$4"; got=$?
        cmp -s "$3/log.mdb" "$2/log.mdb" || echo "log.mdb has changed"
        rm "$3/ballast" && "$1" -S "$3" verify >&2 && "$1" -S "$3" find trees --count
        exit $got' sh "$LUMBUNG" "$work/s" "$work/full" "$(long 7000)" >"$work/out" 2>"$work/err" ||
        got=$?
    [ "$got" -eq 74 ] || wrong "exit $got, not 74: a full disk"
    err_has '"error":"disk_full"'
    err_has 'No errors were found'
    equal "records after a full disk" "$(cat "$work/out")" 1
else
    echo "not shown here: a read-only folder"
fi

# A file that may not grow any more, as on a disk that is full: for everybody.
rows=$((rows + 1))
copy x
got=0
(
    trap '' XFSZ
    ulimit -f $((($(stat -c %s "$work/x/log.mdb") + 4096) / 1024))
    exec "$LUMBUNG" -S "$work/x" --json put trees "a=$(long 8000)" "b=$(long 8000)" "c=$(long 8000)"
) >"$work/out" 2>"$work/err" || got=$?
[ "$got" -eq 74 ] || wrong "exit $got, not 74: a file that may not grow"
err_has '"details":["'"$work/x/log.mdb"
expect 0 x verify
expect 0 x find trees --count
equal "records after that" "$(cat "$work/out")" 1
rm -rf "$work/x"

checks=$((checks + rows))
echo "$rows rows"
[ "$rows" -ge 40 ] || wrong "fewer than 40 rows"
finish
