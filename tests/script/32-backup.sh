#!/usr/bin/env bash
# A backup is taken while the node runs and puts go on, kept for a while, put back at a random age,
# twice, on two machines beside the original: all write offline, all meet the neighbours. What came
# later is there again, nobody forks, and a damaged backup is refused wherever it is damaged.
#
# LUM_RESTORES says how many such lives, LUM_SEED which moments.
# labels: net
. "$(dirname "$0")/lib.sh"

seed=${LUM_SEED:-$$}
lives=${LUM_RESTORES:-4}
RANDOM=$seed
LUMBUNG=$LUMBUNG_RELEASE
restores=0 damaged=0 looked=0

count_of() { # FOLDER NUMBER...: how many of these items it has
    lum "$1" --json find items && sed -n 's/.*"n":\([0-9]*\).*/\1/p' "$work/out" | sort >"$work/has"
    printf '%s\n' "${@:2}" | sort >"$work/want"
    comm -12 "$work/want" "$work/has" | wc -l
}
has_all() { # FOLDER NUMBER...
    looked=$((looked + $# - 1))
    equal "items of $1" "$(count_of "$@")" $(($# - 1))
}
put_some() { # FOLDER COUNT: numbers go on; they are in $numbers and $all
    numbers=()
    for ((i = 0; i < $2; i++)); do
        next=$((next + 1))
        expect 0 "$1" -q put items "n:=$next"
        numbers+=("$next")
        all+=("$next")
    done
}

# ---- lives: a hall, a field worker, his backup ----

one_life() {
    local invite hall_address backups ago
    next=0 all=()
    rm -rf "${work:?}"/{hall,made,second,third,*.backup}
    expect 0 hall init 'Sungai Hijau' --as Siti
    serve hall
    hall_pid=$pid hall_address=$address
    expect 0 hall -q invite
    invite=$(tail -n 1 "$work/out")
    expect 0 made join "$invite" "$hall_address" --as Made
    serve made
    made_pid=$pid
    backups=$((2 + RANDOM % 4))
    for ((b = 1; b <= backups; b++)); do
        put_some made $((1 + RANDOM % 6))
        expect 0 made --json backup "$work/$b.backup" # by the running node
        equal "records in backup $b" "$(value records <"$work/out")" "$next"
        equal 'its mode' "$(stat -c %a "$work/$b.backup")" 600
    done
    put_some made $((1 + RANDOM % 6)) # after the last one
    expect 0 made sync
    stop "$made_pid"
    ago=$((1 + RANDOM % backups))
    for folder in second third; do
        expect 0 "$folder" --json restore "$work/$ago.backup"
        restores=$((restores + 1))
        checks=$((checks + 1))
        [ "$(value records <"$work/out")" -lt "$next" ] || wrong 'the backup is of the past'
        equal "$folder is in doubt" "$(status "$folder" in_doubt)" true
    done
    # All three are offline: ten each.
    for folder in second third made; do
        put_some "$folder" 10
    done
    for folder in second third made second third made; do
        expect 0 "$folder" sync "$hall_address"
    done
    for folder in hall second third made; do
        has_all "$folder" "${all[@]}"
        equal "state of $folder" "$(status "$folder" state)" "$(status hall state)"
    done
    stop "$hall_pid"
    all_is_well hall second third made
}
for ((life = 0; life < lives; life++)); do
    one_life
done

# ---- what a person hears ----

expect 0 made backup "$work/a.backup"
out_has 'Backup written: '
expect 0 made --lang id backup "$work/a.backup" # the older one is replaced
out_has 'Cadangan ditulis: '
expect 73 second restore "$work/a.backup"
err_has 'There is a lumbung here already'
printf 'a,b\n' >"$work/table.csv"
expect 73 made backup "$work/table.csv"
err_has 'It is no backup of this space'
equal 'the table' "$(cat "$work/table.csv")" 'a,b'
expect 66 made backup "$work/none/a.backup"
expect 66 fresh restore "$work/none.backup"
expect 78 fresh restore "$work/table.csv"
err_has 'This is no whole backup'
expect 0 fresh restore "$work/a.backup"
out_has 'Sungai Hijau is back: '
out_has 'as of '
rm -r "$work/fresh"
expect 0 fresh --lang id restore "$work/a.backup"
out_has 'Sungai Hijau sudah kembali: '
serve fresh
expect 73 fresh restore "$work/a.backup"
err_has 'There is a lumbung here already'
stop "$pid"

# ---- damaged and cut short, at many places ----

size=$(stat -c %s "$work/a.backup")
refused() { # WHAT
    damaged=$((damaged + 1))
    rm -rf "$work/bad"
    expect 78 bad restore "$work/bad.backup"
    err_has 'This is no whole backup'
    checks=$((checks + 1))
    [ ! -e "$work/bad/log.mdb" ] && [ ! -e "$work/bad/seed.node" ] || wrong "$1: a part is there"
}
for ((i = 0; i < 40; i++)); do
    at=$((i < 10 ? i * 7 : RANDOM * 32768 % size + RANDOM % 32768))
    at=$((at % size))
    cp "$work/a.backup" "$work/bad.backup"
    byte=$(dd if="$work/a.backup" bs=1 skip=$at count=1 status=none | od -An -tu1)
    printf "\\x$(printf %x $((byte ^ (1 << RANDOM % 8))))" |
        dd of="$work/bad.backup" bs=1 seek=$at conv=notrunc status=none
    refused "byte $at changed"
    head -c "$at" "$work/a.backup" >"$work/bad.backup"
    refused "cut at $at"
done
cat "$work/a.backup" "$work/table.csv" >"$work/bad.backup"
refused 'more behind it'

printf 'LUM_SEED=%d\n' "$seed"
echo "figures: $lives lives, $restores restores at a random age, $looked items looked for, 0 lost, \
0 forks; $damaged damaged backups, each refused"
finish
