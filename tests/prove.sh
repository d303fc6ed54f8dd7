#!/usr/bin/env bash
# `./start prove [minutes]`: runs what the promises rest on for about so many minutes, and writes
# what it found between the marks of docs/RELIABILITY.md. Needs no root, no network, and a tree
# that is built with the preset gcc.
#
#   a proof  ->  its last lines  ->  "figures: ..."  ->  a row
#
# Everything else in that page is written by hand and stays as it is.
set -u
tree=$(cd "$(dirname "$0")/.." && pwd)
build=$tree/build/gcc
minutes=${1:-10}
page=$tree/docs/RELIABILITY.md
work=$(mktemp -d "${TMPDIR:-/tmp}/lumbung-prove-XXXXXX")
trap 'rm -rf "$work"' EXIT
export LUMBUNG=$build/lumbung LUMBUNG_RELEASE=$build/lumbung LUM_TOOLS=$build/tests/tools
export LUM_SOURCE=$tree LUM_SHARED=$tree/../shared
failed=0

# Promise, share of the time in percent (0: as long as it takes), what it is, the command.
# {time} stands for the share in seconds, {seed} for a number of the day.
proofs() {
    cat <<'END'
P1 P4|8|kill -9 while it writes, imports, meets|LUM_KILLS={time} bash tests/script/60-kills.sh
P1|0|nothing is told before the disk has it|bash tests/script/61-order.sh
P4|0|kill -9 before and after calls that change a file, every command|LUM_FAULTS=20 build/gcc/tests/faults/test_kills
P1 P15|0|memory ends, every command and a meeting|LUM_FAULTS=20 build/gcc/tests/faults/test_memory
P1 P3|0|a system call fails, every command and a meeting|LUM_FAULTS=20 build/gcc/tests/faults/test_calls
P2 P4|0|the power goes at every point: what LMDB and we wrote lost, torn, out of order; with a control|LUM_CRASHES=0 build/gcc/tests/crash/test_crash
P6|0|a meeting cut at every byte|build/gcc/tests/prop/test_cut
P12|15|the merge rules against an independent model|LUM_PROP_SECONDS={time} build/gcc/tests/prop/test_model
P1-P9 P12|60|the district: every kind of trouble, the model beside it|LUM_SIM_SEED={seed} LUM_SIM_SECONDS={time} build/gcc/tests/sim/test_district
P1-P8|0|stories: every failure there ever was, told again|build/gcc/tests/sim/test_stories
P9|10|malicious neighbours: each strategy alone, then mixes|LUM_SIM_SEED={seed} LUM_SIM_SECONDS={time} build/gcc/tests/sim/test_bad
P12|0|large districts|LUM_SIM_LARGE=1 build/gcc/tests/sim/test_large
P2|0|the disk in memory answers as LMDB does|build/gcc/tests/disk/test_against_lmdb
P2 P3 P15|0|a whole space, with trouble at every operation of its disk|build/gcc/tests/disk/test_space
P5|0|damaged stores: a bit, a page, a cut; every row that reads is the one that was put|LUM_DAMAGES=7000 build/gcc/tests/unit/test_store_walk
P5|0|a whole space on a damaged disk, a child for each case|LUM_DAMAGES=2000 build/gcc/tests/unit/test_damage
P5|0|damaged logs: what is saved alone, and with a neighbour|LUM_DAMAGES=200 build/gcc/tests/unit/test_rescue
P8|0|backups put back at a random age, on two machines beside the original|LUM_RESTORES=6 bash tests/script/32-backup.sh
P3|0|a disk that fills up, at many points (all of it with root)|LUM_FULL_POINTS=8 bash tests/script/63-full.sh
all|0|the bug bank: each planted bug is found|LUM_BUG_SECONDS=60 bash tests/bugs/run.sh
END
}

# The seeds are the day's, so that every run asks something new; the page names them.
seed=$(date +%Y%m%d)000

now() { date +%s; }

# run NUMBER PROMISES SHARE WHAT COMMAND: adds a row.
run() {
    local number=$1 promises=$2 share=$3 what=$4 command=$5 began result=holds figures
    command=${command//\{time\}/$((minutes * 60 * share / 100))}
    command=${command//\{seed\}/$seed}
    printf 'prove: %s ...\n' "$what" >&2
    began=$(now)
    (cd "$tree" && bash -c "$command") >"$work/$number.out" 2>&1 || result='**FAILS**'
    if [ "$result" != holds ]; then
        failed=$((failed + 1))
        tail -n 40 "$work/$number.out" >&2
    fi
    figures=$(sed -n 's/^figures: //p' "$work/$number.out" | sed ':a;N;$!ba;s/\n/<br>/g')
    [ -n "$figures" ] || figures=$(grep -a . "$work/$number.out" | tail -n 1)
    printf '| %s | %s | %s | %s | %d s | `%s` |\n' "$promises" "$what" "$figures" "$result" \
        $(($(now) - began)) "$command" >>"$work/rows"
}

# How often each kind of trouble came up in the district's run.
faults() {
    printf '\n### What happened in the district\n\n| what | times |\n|---|---|\n'
    sed -n 's/^ *\([0-9][0-9]*\) \([a-z_0-9]*\)$/| \2 | \1 |/p' "$work"/*.out | tr _ ' '
}

# Each planted bug, the proof that found it, and after how long.
bank() {
    printf '\n### The bug bank\n\n| planted | found by | after |\n|---|---|---|\n'
    sed -n 's/^\([0-9][0-9]-[^:]*\): \([a-z]*\), \([0-9.]* s\): .*/| \1 | \2 | \3 |/p' "$work"/*.out
}

machine() {
    printf '%s, %s cores, %s' "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)" \
        "$(nproc)" "$(sed -n 's/^PRETTY_NAME="\(.*\)"/\1/p' /etc/os-release)"
}

# After each proof, so that a run that is stopped keeps what it has shown.
write_page() {
    {
        sed '/^<!-- prove -->$/q' "$page"
        printf '\nWritten by `./start prove %s` on %s, commit %s; %s. %d of %d proofs were run.\n\n' \
            "$minutes" "$(date -u +%Y-%m-%d)" \
            "$(git -C "$tree" rev-parse --short=10 HEAD 2>/dev/null || echo '?')" "$(machine)" \
            "$number" "$(proofs | wc -l)"
        printf '| promise | shown by | figures | result | took | command |\n|---|---|---|---|---|---|\n'
        cat "$work/rows"
        faults
        bank
        printf '\n'
        sed -n '/^<!-- \/prove -->$/,$p' "$page"
    } >"$work/page" && cp "$work/page" "$page"
}

number=0
while IFS='|' read -r promises share what command; do
    number=$((number + 1))
    run "$number" "$promises" "$share" "$what" "$command" </dev/null
    write_page
done < <(proofs)
printf '%d proofs, %d failed; see docs/RELIABILITY.md\n' "$number" "$failed"
[ "$failed" -eq 0 ]
