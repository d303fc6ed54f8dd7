#!/usr/bin/env bash
# A disk that fills up, at many points: by another program, by puts, an import, a neighbour, a view
# made anew, and at each single write of a command. Whatever was acknowledged is there; reading,
# deleting, exporting and backing up work; what a person hears is clear; and when there is room
# again, all goes on by itself. What neighbours bring stops first, imports next, own records last.
#
# A tmpfs and an ext4 image where mount works (root); files with a limit, and failing writes, always.
# LUM_FULL_POINTS says how many points of each kind.
# labels: net
. "$(dirname "$0")/lib.sh"

: "${LUM_TOOLS:?where the helpers of the scripts are}"
LUMBUNG=$LUMBUNG_RELEASE
many=${LUM_FULL_POINTS:-4}
points=0 refused=0 looked=0
mib=1024

# ---- a disk of our own ----

disk=$work/disk
mkdir "$disk"
unmount() { mountpoint -q "$disk" && umount "$disk"; }
trap 'for p in "${pids[@]}"; do kill "$p" 2>/dev/null; wait "$p" 2>/dev/null; done; unmount; clean_up' EXIT
mount_disk() { # tmpfs|ext4 MIB
    unmount
    case $1 in
        tmpfs) mount -t tmpfs -o "size=${2}m,mode=700" lumbung "$disk" ;;
        ext4)
            truncate -s "${2}M" "$work/image" && mkfs.ext4 -q -F -m 0 "$work/image" &&
                mount -o loop "$work/image" "$disk"
            ;;
    esac 2>/dev/null
}
free_kib() { df --output=avail -k "$disk" | tail -n 1; }
# leave KIB: another program takes all the room but so much.
leave() {
    local take
    rm -f "$disk/ballast"
    sync -f "$disk"
    take=$(($(free_kib) - $1))
    [ "$take" -le 0 ] || fallocate -l "${take}K" "$disk/ballast" 2>/dev/null ||
        head -c "${take}K" /dev/zero >"$disk/ballast" 2>/dev/null
}

# ---- the ledger ----

next=0
ledger=() # numbers that were acknowledged and not deleted
put_one() { # FOLDER [FIELDS]: 0 when it was acknowledged
    local fields=() got=0
    next=$((next + 1))
    if [ "${2:-0}" -gt 0 ]; then
        mapfile -t fields < <(head -c $(($2 * 5850)) /dev/urandom | base64 -w 7800)
        for got in "${!fields[@]}"; do
            fields[got]="text$got=${fields[got]}"
        done
        got=0
    fi
    checks=$((checks + 1))
    lum "$1" -q put items "n:=$next" "${fields[@]}" || got=$?
    if [ "$got" -eq 0 ]; then
        ledger+=("$next")
        return 0
    fi
    is_refused "$got" "put"
    return 1
}
is_refused() { # CODE WHAT
    refused=$((refused + 1))
    [ "$1" -eq 74 ] && grep -q 'The disk is full' "$work/err" || wrong "$2 ended with $1"
}
is_whole() { # FOLDER: what was acknowledged is there, and nothing else
    looked=$((looked + ${#ledger[@]}))
    expect 0 "$1" export items -o "$work/out.ndjson"
    equal "items of $1" "$(sed -n 's/.*"n":\([0-9]*\).*/\1/p' "$work/out.ndjson" | sort | md5sum)" \
        "$(printf '%s\n' "${ledger[@]}" | sort | md5sum)"
    expect 0 "$1" verify
}
delete_one() { # FOLDER: the oldest
    local id
    lum "$1" --json find items "n = ${ledger[0]}"
    id=$(head -n 1 "$work/out" | value id)
    expect 0 "$1" -q del "items/$id"
    ledger=("${ledger[@]:1}")
}
fresh() { # FOLDER
    rm -rf "${work:?}/$1"
    next=0 ledger=()
    expect 0 "$1" init Lumbung --as Siti
    put_one "$1"
    put_one "$1"
}

# ---- another program fills the disk ----

# With the reserve: own records and deletes go on however full it is.
by_others() {
    local i room
    rm -f "$work/one.backup"
    fresh disk/one
    equal 'the reserve' "$(stat -c %s "$disk/one/reserve")" $((8 * mib * mib))
    for ((i = 0; i < many; i++)); do
        room=$((i < 2 ? i * 4 : RANDOM % (4 << i % 13)))
        leave "$room"
        points=$((points + 1))
        put_one disk/one || wrong "one's own record at $room KiB"
        [ "${#ledger[@]}" -lt 8 ] || delete_one disk/one
        checks=$((checks + 1))
        [ "$room" -ge $((2 * mib)) ] || [ ! -e "$disk/one/reserve" ] || wrong 'the reserve is kept'
        is_whole disk/one
        expect 0 disk/one status
        out_has 'The disk is nearly full'
        expect 0 disk/one backup "$work/one.backup"
        leave $((20 * mib))
        put_one disk/one || wrong "a record once there is room again"
        checks=$((checks + 1))
        [ -e "$disk/one/reserve" ] || wrong 'the reserve is not taken back'
    done
    is_whole disk/one
}

# ---- own puts, imports, a view made anew ----

by_puts() {
    fresh disk/two
    for room in 2500 300; do
        leave "$room"
        points=$((points + 1))
        while put_one disk/two 7; do
            :
        done
        is_whole disk/two
        leave $((20 * mib))
        put_one disk/two || wrong 'a put once there is room again'
    done
    is_whole disk/two
}
by_import() {
    local got
    awk 'BEGIN { print "n,note"; for (i = 1; i <= 20000; i++)
        printf "%d,%d a note that is as long as notes of people are %d\n", i, i * i, i * 7 }' \
        >"$work/rows.csv"
    fresh disk/three
    for room in 2500 1500 500; do
        leave $((40 * mib))
        put_one disk/three
        leave "$room"
        points=$((points + 1))
        got=0
        lum disk/three import "rows$room" "$work/rows.csv" --key n || got=$?
        checks=$((checks + 1))
        is_refused "$got" "import at $room KiB"
        put_one disk/three || wrong "one's own record after the import at $room KiB"
        is_whole disk/three
        lum disk/three --json find "rows$room" --count
        equal 'half a batch of rows' $(($(value count <"$work/out") % 4096)) 0
    done
    # Nothing but room, and the same table again.
    leave $((40 * mib))
    expect 0 disk/three import "rows$room" "$work/rows.csv" --key n
    is_whole disk/three
}
by_rebuild() { # of what the import left
    local got
    for room in $((5 * mib)) 1000 0; do
        leave "$room"
        points=$((points + 1))
        got=0
        lum disk/three rebuild || got=$?
        [ "$got" -eq 0 ] || is_refused "$got" "rebuild at $room KiB"
        is_whole disk/three
        got=0
        lum disk/three compact || got=$?
        [ "$got" -eq 0 ] || is_refused "$got" "compact at $room KiB"
        is_whole disk/three
        leave $((20 * mib))
    done
}

# ---- a neighbour ----

by_sync() {
    local invite node_pid node_address got=0
    rm -rf "${disk:?}"/*
    fresh disk/four
    serve disk/four
    node_pid=$pid node_address=$address
    expect 0 disk/four -q invite
    invite=$(tail -n 1 "$work/out")
    expect 0 hall join "$invite" "$node_address" --as Made
    expect 0 hall import rows "$work/rows.csv" --key n
    leave $((9 * mib))
    points=$((points + 1))
    lum hall sync "$node_address" || got=$?
    checks=$((checks + 1))
    [ "$got" -eq 69 ] || wrong "a meeting with a full disk ended with $got"
    err_has 'The disk there is full'
    put_one disk/four || wrong "one's own record while neighbours wait"
    is_whole disk/four
    expect 0 disk/four --json status
    out_has '"room":'
    expect 0 disk/four peers
    leave 0
    points=$((points + 1))
    lum hall sync "$node_address"
    err_has 'The disk there is full'
    put_one disk/four || wrong "one's own record at 0 KiB while neighbours wait"
    is_whole disk/four
    checks=$((checks + 1))
    kill -0 "$node_pid" || wrong 'the node ended'
    # There is room again: they go on by themselves.
    serve hall
    leave $((60 * mib))
    checks=$((checks + 1))
    until_true 4 all_rows disk/four || wrong 'it does not go on by itself'
    stop "$pid"
    stop "$node_pid"
    is_whole disk/four
}
all_rows() {
    sleep 0.3
    lum "$1" --json find rows --count
    [ "$(value count <"$work/out")" = 20000 ]
}

# ---- files with a limit ----

by_limit() {
    local i kib got
    fresh five
    for ((i = 0; i < many; i++)); do
        kib=$(($(stat -c %s "$work/five/log.mdb") / 1024 + RANDOM % 120))
        points=$((points + 1))
        while (ulimit -f "$kib" && put_one five 7; got=$?; printf '%d %d\n' "$refused" "$got" \
            >"$work/limit"; [ "$failures" -eq 0 ] && exit "$got"); do
            next=$((next + 1))
            ledger+=("$next")
        done
        next=$((next + 1))
        refused=$((refused + 1))
        checks=$((checks + 1))
        grep -q 'The disk is full' "$work/err" || wrong "a put of a file at $kib KiB"
        (ulimit -f "$kib" && lum five find items "n = 1") || wrong "reading at the limit of $kib KiB"
        is_whole five
        put_one five || wrong 'a put without the limit'
    done
    is_whole five
}

# ---- each single write ----

by_write() {
    local how at got
    for how in full once short eio; do
        fresh six
        for ((at = 1; at <= many; at++)); do
            points=$((points + 1))
            got=0
            next=$((next + 1))
            LD_PRELOAD=$LUM_TOOLS/full.so LUM_FULL_UNDER=$work/six/ LUM_FULL_AT=$at \
                LUM_FULL_HOW=$how LUM_FULL_LOG=$work/early lum six -q put items "n:=$next" || got=$?
            checks=$((checks + 1))
            [ "$got" -eq 0 ] || [ "$got" -eq 74 ] || wrong "a put whose write $at fails ended with $got"
            if [ "$got" -eq 0 ]; then
                ledger+=("$next")
            else
                refused=$((refused + 1))
                [ "$(wc -l <"$work/err")" -eq 3 ] || wrong 'three lines'
            fi
            is_whole six
        done
    done
    for ((at = 1; at <= 6; at++)); do # a backup is whole under its name, or not there
        points=$((points + 1))
        got=0
        rm -f "$work/to/a.backup"
        mkdir -p "$work/to"
        LD_PRELOAD=$LUM_TOOLS/full.so LUM_FULL_UNDER=$work/to/ LUM_FULL_AT=$((at == 6 ? 0 : at)) \
            LUM_FULL_HOW=full LUM_FULL_LOG=$work/early lum six backup "$work/to/a.backup" || got=$?
        checks=$((checks + 1))
        [ "$got" -eq 0 ] || [ ! -e "$work/to/a.backup" ] || wrong 'half a backup'
        [ "$got" -eq 0 ] || is_refused "$got" backup
    done
    expect 0 seven restore "$work/to/a.backup"
    is_whole seven
    equal 'files that got their name before their bytes' "$(cat "$work/early" 2>/dev/null)" ''
}

by_limit
by_write
if mount_disk tmpfs 64; then
    for kind in tmpfs ext4; do
        mount_disk "$kind" 96 || { echo "skipped: no $kind can be mounted"; continue; }
        by_others
        rm -rf "${disk:?}"/* "$work/hall"
        [ "$kind" = tmpfs ] || [ "$many" -ge 20 ] || continue
        by_puts
        rm -rf "${disk:?}"/*
        by_import
        by_rebuild
        by_sync
    done
    disks='tmpfs and ext4'
else
    disks='no disk of its own (needs root)'
    echo 'skipped: nothing can be mounted'
fi
echo "figures: $points fill points, $disks, $refused times refused, $looked items looked for, 0 lost"
finish
