# labels: cli
# `log --raw` is enough to check everything from outside: a program without a line of our code
# (tools/outside.c) computes ids, chains, boundaries, range roots and seals again, and the frontiers
# that `status` tells. One digit changed anywhere is found.
. "$(dirname "$0")/lib.sh"

: "${LUM_TOOLS:?where the helpers of the scripts are}"

# ---- two people, two shelves, boundaries by count and by bytes, a long payload
expect 0 a init Balai --as Siti
serve a
expect 0 a -q invite
expect 0 b join "$(tail -n 1 "$work/out")" --as Made
seq -f '{"n":%g,"text":"row"}' 1 300 >"$work/many.ndjson"
expect 0 b import many "$work/many.ndjson" --key n
expect 0 a put trees kind=mahoni
expect 0 b sync "$address"
long=$(head -c 8000 /dev/zero | tr '\0' x)
for i in 1 2 3 4 5; do
    expect 0 a put notes "text=$long" "more=$long" "number:=$i"
done
expect 0 a set many/7 text=changed
expect 0 b sync "$address"
stop "$pid"

for folder in a b; do
    lum "$folder" --json status
    shelves=$(grep -o '"frontier":"[0-9a-f]*","name":"[a-z]*","shelf":[0-9]*' "$work/out" |
        sed 's/"frontier":"\([0-9a-f]*\)".*"shelf":\([0-9]*\)/frontier \2 \1/')
    events=$(status "$folder" events)
    expect 0 "$folder" log --raw
    cp "$work/out" "$work/raw"
    "$LUM_TOOLS/outside" <"$work/raw" >"$work/out" 2>"$work/err" ||
        wrong "log --raw of $folder is not right"
    equal "frontiers of $folder" "$(grep '^frontier' "$work/out")" "$shelves"
    read -r _ checked seals boundaries logs <<<"$(grep '^checked' "$work/out")"
    equal "events of $folder" "$checked" "$events"
    equal "its logs" "$logs" 4
    equal "more seals than boundaries, fewer than events" \
        $((seals > boundaries && boundaries >= 5 && seals < events)) 1
done

# ---- one digit, one line

# spoil NAME SED: the check must fail on what that makes of it.
spoil() {
    checks=$((checks + 1))
    sed "$2" "$work/raw" >"$work/spoilt"
    cmp -s "$work/raw" "$work/spoilt" && wrong "$1: nothing was changed"
    ! "$LUM_TOOLS/outside" <"$work/spoilt" >"$work/out" 2>&1 || wrong "not found: $1"
}
flip='y/0123456789abcdef/123456789abcdef0/'
# The first digit of that member in one line, turned into the next one.
digit() {
    printf '%s{h;s/.*"%s":"\\(.\\).*/\\1/;%s;G;s/^\\(.\\)\\n\\(.*"%s":"\\)./\\2\\1/}' \
        "$1" "$2" "$flip" "$2"
}
sealed=$(grep -n '"seal"' "$work/raw" | tail -n 1 | cut -d: -f1)
for member in author incarnation log payload; do
    spoil "$member" "$(digit 100 $member)"
done
spoil header "100s/\(\"header\":\"95\)00/\101/"
spoil seal "$(digit "$sealed" seal)"
spoil 'a seal of a boundary' "$(digit "$(grep -n '"seal"' "$work/raw" | sed -n '3s/:.*//p')" seal)"
spoil 'a seal that is not there' "$sealed"'s/"seal":"[0-9a-f]*",//'
spoil 'a line that is not there' 100d
spoil 'the end that is not there' "$sealed"d
spoil 'time' '100s/"t":1/"t":2/'
finish
