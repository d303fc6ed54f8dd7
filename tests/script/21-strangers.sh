# labels: cli net
# Who does not belong hears nothing: not a byte in 15 seconds, whatever was wrong, then the line
# closes; and whoever dialled is told in a sentence what it may be.
. "$(dirname "$0")/lib.sh"

: "${LUM_TOOLS:?where the helpers of the scripts are}"

for folder in a other; do
    expect 0 $folder init Balai --as Siti
    expect 0 $folder put trees name=mahoni
done
serve other
expect 0 other -q invite
foreign=$(tail -n 1 "$work/out") # its key opens no door of A
stop "$pid"
serve a
port=${address##*:}

# ---- bytes of any kind, by hand

# stranger NAME: what is on standard input goes to A; "BYTES SECONDS" until A closes, in $work/NAME.
stranger() {
    local begin=$EPOCHREALTIME heard
    exec 9<>"/dev/tcp/127.0.0.1/$port"
    cat >&9
    heard=$(timeout 30 cat <&9 2>/dev/null | wc -c)
    printf '%d %d\n' "$heard" $(((${EPOCHREALTIME/[.,]/} - ${begin/[.,]/}) / 1000000)) >"$work/$1"
}
names=(noise length question long)
head -c 64 /dev/urandom | stranger noise &
printf '\0\100%s' "$(head -c 62 /dev/zero | tr '\0' x)" | stranger length &
printf 'GET / HTTP/1.1\r\nHost: balai\r\n\r\n%64s' '' | stranger question &
head -c 4000 /dev/urandom | stranger long &
true | stranger nothing &
printf 'x' | stranger one &

# ---- nodes that belong elsewhere, over a wire that counts

# count NAME: a wire to A; its port in $wire, "passed TO FROM" in $work/NAME.wire when it is over.
count() {
    "$LUM_TOOLS/cut" "$port" from 1000000 >"$work/$1.wire" &
    pids+=($!)
    until_true 20 grep -q . "$work/$1.wire" || wrong "no wire"
    wire=$(head -n 1 "$work/$1.wire")
}
dial() {
    local name=$1 folder=$2 begin=$EPOCHREALTIME got=0
    shift 2
    "$LUMBUNG" -S "$work/$folder" "$@" >"$work/$name.out" 2>"$work/$name.err" || got=$?
    printf '%d %d\n' "$got" $(((${EPOCHREALTIME/[.,]/} - ${begin/[.,]/}) / 1000000)) >"$work/$name"
}
count space
dial space other sync "127.0.0.1:$wire" &
waiting=($!)
count invite
dial invite new join "$foreign" "127.0.0.1:$wire" --as Made &
waiting+=($!)
count json
cp -r "$work/other" "$work/other2"
dial json other2 --json --lang id sync "127.0.0.1:$wire" &
waiting+=($!)

# ---- A itself goes on meanwhile
expect 0 a put trees name=bakau
expect 0 a find trees --count
equal 'records of A' "$(cat "$work/out")" 2

wait "${waiting[@]}"
for name in "${names[@]}" nothing one; do
    checks=$((checks + 1))
    until_true 40 [ -s "$work/$name" ] || wrong "A does not close: $name"
    read -r heard seconds <"$work/$name"
    equal "bytes that a stranger hears: $name" "$heard" 0
done
# The same silence for the same time, so that time tells nothing either.
for name in "${names[@]}"; do
    read -r _ seconds <"$work/$name"
    checks=$((checks + 1))
    [ "$seconds" -ge 14 ] || wrong "A closed after $seconds seconds: $name"
done
for name in space invite json; do
    read -r got seconds <"$work/$name"
    cp "$work/$name.err" "$work/err"
    cp "$work/$name.out" "$work/out"
    equal "exit code: $name" "$got" 69
    checks=$((checks + 1))
    [ "$seconds" -ge 14 ] || wrong "it gave up after $seconds seconds: $name"
    until_true 20 grep -q '^passed' "$work/$name.wire"
    equal "bytes that A said: $name" "$(sed -n 's/^passed [0-9]* //p' "$work/$name.wire")" 0
done
for name in space invite; do
    cp "$work/$name.err" "$work/err"
    err_has 'does not answer.'
    err_has 'It belongs to another space, or it is not Lumbung.'
    err_has 'Check the address and the invite.'
done
cp "$work/json.err" "$work/err"
err_has '"error":"no_answer"'
err_has 'tidak menjawab.'
lum a --json peers
equal 'A remembers none of them' "$(value peers <"$work/out")" 0
expect 0 a verify
stop "$pid"
finish
