#!/usr/bin/env bash
# Three halls record apart, meet, and hold the same: the story of Lumbung in a minute, with rows
# made here. Everything happens in a folder of its own, on this machine alone, and is gone at the
# end. `./start demo` runs it; so does the test script_demo, which checks what it shows.
set -u -o pipefail

: "${LUMBUNG:?names the binary to show}"
unset LUMBUNG_DIR

case "${LC_ALL:-${LC_MESSAGES:-${LANG:-}}}" in
    id*) lang=id ;;
    *) lang=en ;;
esac
export LC_ALL=C.UTF-8

# On a terminal there is time to read, and colour; elsewhere neither.
pause=0 bold='' dim='' plain=''
if [ -t 1 ]; then
    pause=${LUM_DEMO_PAUSE:-1.5}
    [ -n "${NO_COLOR:-}" ] || bold=$'\e[1m' dim=$'\e[2m' plain=$'\e[0m'
fi

work=$(mktemp -d "${TMPDIR:-/tmp}/lumbung-demo-XXXXXX")
server=''
clean_up() {
    if [ -n "$server" ]; then
        kill "$server" 2>/dev/null
        wait "$server" 2>/dev/null
    fi
    rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

# ---- how it is told ----

# say "English" "Indonesian": a sentence of the narrator.
say() {
    local text=$1
    [ "$lang" = en ] || text=$2
    printf '\n%s%s%s\n' "$bold" "$text" "$plain"
    sleep "$pause"
}

die() {
    printf 'demo: %s\n' "$*" >&2
    exit 1
}

# The hall of each person is a folder; in the show they type `lumbung` in it.
lum() {
    "$LUMBUNG" -S "$work/$1" --lang "$lang" "${@:2}" </dev/null
}

# answers PERSON ARGUMENT...: as it is on a terminal, else set off from the story.
answers() {
    if [ -t 1 ]; then
        lum "$@" 2>&1
    else
        lum "$@" 2>&1 | sed 's/^/   /'
    fi
    local code=$?
    sleep "$pause"
    return "$code"
}

# types PERSON ARGUMENT...: shows the command, then what it answers.
types() {
    local person=$1 word line=''
    shift
    for word in "$@"; do
        case "$word" in
            *[\ \'\"]*) line+=" '$word'" ;;
            *) line+=" $word" ;;
        esac
    done
    printf '%s%s$ lumbung%s%s\n' "$dim" "$person" "${line//$work\//}" "$plain"
    answers "$person" "$@" || die "lumbung$line"
}

value() {
    sed -n 's/.*"'"$1"'":"\{0,1\}\([^",}]*\).*/\1/p' | tail -n 1
}

# opens PERSON: that hall listens; its address is in $address.
opens() {
    local tries=200
    rm -f "$work/serve"
    "$LUMBUNG" -S "$work/$1" serve --json --listen 127.0.0.1:0 \
        >"$work/serve" 2>&1 </dev/null &
    server=$!
    until address=$(value listening 2>/dev/null <"$work/serve") && [ -n "$address" ]; do
        tries=$((tries - 1))
        [ "$tries" -gt 0 ] || die "$1 does not listen: $(cat "$work/serve")"
        sleep 0.1
    done
}

closes() {
    kill -INT "$server"
    wait "$server" || die "serve ended with $?"
    server=''
}

# meets GUEST HOST: the guest comes to the host's hall.
meets() {
    opens "$2"
    types "$1" sync "$address"
    closes
}

# ---- rows ----

# trees HALL FIRST COUNT: what one hall planted, with a number for each tree.
trees() {
    local i kinds=(bakau mahoni trembesi sengon)
    echo 'tag,hall,kind,height_cm,planted'
    for ((i = $2; i < $2 + $3; i++)); do
        printf 'T-%03d,%s,%s,%d,2026-%02d-%02d\n' "$i" "$1" "${kinds[i % 4]}" \
            $((30 + i * 7 % 60)) $((1 + i % 3)) $((1 + i % 28))
    done
}

trees Hulu 1 40 >"$work/Siti.csv"
trees Tengah 101 60 >"$work/Made.csv"
trees Hilir 201 50 >"$work/Wayan.csv"
cat >"$work/nursery.csv" <<'ROWS'
tag,kind,height_cm,keeper
P-1,bakau,40,Ketut
P-2,bakau,55,Ketut
P-3,mahoni,70,Nyoman
P-4,sengon,90,Nyoman
ROWS

# ---- the story ----

say "Three halls on one river will record the trees they plant. Siti begins." \
    "Tiga balai di satu sungai akan mencatat pohon yang mereka tanam. Siti memulai."
types Siti init "Sungai Hijau" --as Siti
opens Siti
invite=$(lum Siti invite --uses 2 -q | tail -n 1)

say "Made and Wayan come by once with their laptops and join. Then everybody goes home." \
    "Made dan Wayan datang sekali membawa laptop dan ikut. Lalu semua pulang."
for person in Made Wayan; do
    printf '%s%s$ lumbung join LUMBUNG:... %s --as %s%s\n' "$dim" "$person" "$address" "$person" \
        "$plain"
    answers "$person" join "$invite" --as "$person" || die "join"
done
closes

say "No connection now. Each hall imports its own trees, and all three the nursery's list." \
    "Tanpa sambungan. Tiap balai mengimpor pohonnya, dan ketiganya daftar pembibitan."
for person in Siti Made Wayan; do
    types "$person" import trees "$work/$person.csv" --key tag
    lum "$person" -q import trees "$work/nursery.csv" --key tag >/dev/null 2>&1 || die "nursery"
done

say "They meet, two at a time: the same list came from three halls, yet nothing is there twice." \
    "Mereka bertemu berdua-dua: daftar yang sama dari tiga balai, tetapi tidak ada yang ganda."
meets Made Siti
meets Wayan Made
meets Siti Wayan
types Wayan find trees 'tag prefix "P-"' --sort tag

say "Apart again. Made and Wayan change the same tree: each another field, and both its height." \
    "Berpisah lagi. Made dan Wayan mengubah pohon yang sama: isian berbeda, dan tingginya."
types Made set trees/P-1 place='east bank' height_cm:=48
types Wayan set trees/P-1 health=good height_cm:=52

say "Siti deletes a tree while Wayan, who cannot know, writes about it." \
    "Siti menghapus satu pohon selagi Wayan, yang tidak tahu, menulis tentangnya."
types Siti del trees/P-4
types Wayan set trees/P-4 note='new leaves after the flood'

say "They meet again, in another order." "Mereka bertemu lagi, dengan urutan lain."
meets Wayan Siti
meets Made Siti
meets Wayan Made
say "Different fields were merged. What only people can decide is listed, nothing was dropped." \
    "Isian berbeda menyatu. Yang hanya bisa diputuskan orang didaftar, tidak ada yang hilang."
types Made conflicts trees

say "Made measures again and settles one; Siti keeps the tree that Wayan saw alive." \
    "Made mengukur ulang dan memutuskan satu; Siti mempertahankan pohon yang dilihat Wayan."
types Made resolve trees/P-1 height_cm --value 51
types Siti resolve trees/P-4 --keep
meets Made Siti
meets Wayan Siti
meets Made Wayan
types Wayan get trees/P-1
types Wayan conflicts

say "Equal is a fact, not a guess: the fingerprint of everything each hall knows." \
    "Sama adalah fakta, bukan tebakan: sidik jari dari semua yang diketahui tiap balai."
states=''
for person in Siti Made Wayan; do
    state=$(lum "$person" status --json | value state)
    printf '   %-6s %s\n' "$person" "$state"
    states+="$state"$'\n'
done
[ "$(printf '%s' "$states" | sort -u | wc -l)" -eq 1 ] || die "the halls differ"
[ "$(lum Siti status --json | value conflicts)" = 0 ] || die "a conflict is left"
[ "$(lum Siti find trees --count --json | value count)" = 154 ] || die "not 154 trees"

say "Begin your own:  ./start      Everything shown here is gone now." \
    "Mulai sendiri:  ./start      Semua yang diperagakan di sini sudah dihapus."
