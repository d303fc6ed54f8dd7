#!/usr/bin/env bash
# The bug bank: plants one bug after another in a copy of the tree, builds it and runs the proof
# that must find it. Each must be found in time, and the tree as it is must pass first.
#
#   tests/bugs/run.sh                 all
#   tests/bugs/run.sh district        those of one proof: model, district, bad, sync, order, faults,
#                                     full, damage, crash
#   tests/bugs/run.sh 07 23           these
#
# By number:  01-19 the merge rules (prop_model)   20-59 the district (sim_stories, sim_district)
#             47-52 of those: malicious neighbours (sim_bad, unit_sync_cost)
#             60-79 what sync says (its unit tests)  80-84 told too early (script_61-order)
#             85-87 memory that ends, kill -9 (faults_memory, faults_kills)
#             90-93 a full disk, backups (unit_room, unit_backup, script_63-full)
#             94-97 damaged files (unit_store_walk, _log_piece, _ask_verify)
#             98-99 a name before its bytes, when the power goes (crash)
# The last line is for who gathers figures (tests/prove.sh).
# A patch that no longer fits is to be made anew in the changed code, not dropped.
set -u
here=$(cd "$(dirname "$0")" && pwd)
tree=$(cd "$here/../.." && pwd)
seconds=${LUM_BUG_SECONDS:-60}
work=$(mktemp -d "${TMPDIR:-/tmp}/lumbung-bugs-XXXXXX")
trap 'rm -rf "$work"' EXIT

proof_of() { # number
    case "$1" in
        0? | 1?) echo model ;;
        47 | 48 | 49 | 50 | 51 | 52) echo bad ;;
        6? | 7?) echo sync ;;
        8[5-7]) echo faults ;;
        9[4-7]) echo damage ;;
        9[89]) echo crash ;;
        9?) echo full ;;
        8?) echo order ;;
        *) echo district ;;
    esac
}
targets_of() {
    case "$1" in
        model) echo prop_model ;;
        district) echo sim_stories sim_district ;;
        bad) echo sim_bad unit_sync_cost ;;
        sync) echo unit_hear unit_sync unit_sync_cost unit_protocol ;;
        order) echo lumbung tool_order tool_feed ;;
        faults) echo faults_memory faults_kills ;;
        crash) echo crash ;;
        damage) echo unit_store_walk unit_log_piece unit_ask_verify ;;
        full) echo lumbung tool_full unit_room unit_backup ;;
    esac
}
build() { # proof...
    local targets=()
    for proof in "$@"; do
        # shellcheck disable=SC2207
        targets+=($(targets_of "$proof"))
    done
    cmake --build "$work/build" --target "${targets[@]}" -- --quiet >"$work/build.log" 2>&1
}
# prove PROOF SECONDS: passes when nothing is found.
prove() {
    local tests=$work/build/tests
    case "$1" in
        model)
            LUM_PROP_SECONDS=$2 LUM_PROP_SHRINK=0 timeout $((4 * $2 + 60)) "$tests/prop/test_model"
            ;;
        district)
            LUM_SIM_SECONDS=$2 LUM_SIM_SHRINK=0 timeout $((4 * $2 + 60)) \
                sh -c "$tests/sim/test_stories && $tests/sim/test_district"
            ;;
        bad) timeout $((4 * $2 + 60)) sh -c "$tests/sim/test_bad && $tests/unit/test_sync_cost" ;;
        sync)
            timeout $((4 * $2 + 60)) sh -c "$tests/unit/test_hear && $tests/unit/test_sync &&
                $tests/unit/test_sync_cost && $tests/unit/test_protocol"
            ;;
        damage)
            LUM_DAMAGES=700 timeout $((4 * $2 + 60)) \
                sh -c "$tests/unit/test_log_piece && $tests/unit/test_ask_verify &&
                    $tests/unit/test_store_walk"
            ;;
        crash)
            timeout $((4 * $2 + 60)) sh -c "LUM_CRASH_ONLY=init $tests/crash/test_crash &&
                LUM_CRASH_ONLY='bring back' $tests/crash/test_crash"
            ;;
        faults)
            LUM_FAULTS=all timeout $((4 * $2 + 300)) \
                sh -c "LUM_FAULTS_ONLY=put $tests/faults/test_memory &&
                LUM_FAULTS_ONLY=get $tests/faults/test_memory &&
                LUM_FAULTS_ONLY=join $tests/faults/test_kills"
            ;;
        order)
            LUMBUNG=$work/build/lumbung LUMBUNG_RELEASE=$work/build/lumbung LUM_TOOLS=$tests/tools \
                LUM_SOURCE=$work LUM_SHARED=$tree/../shared bash "$work/tests/script/61-order.sh"
            ;;
        full)
            LUMBUNG=$work/build/lumbung LUMBUNG_RELEASE=$work/build/lumbung LUM_TOOLS=$tests/tools \
                LUM_SOURCE=$work LUM_SHARED=$tree/../shared LUM_FULL_POINTS=3 \
                timeout $((4 * $2 + 60)) sh -c "$tests/unit/test_room && $tests/unit/test_backup &&
                bash $work/tests/script/63-full.sh"
            ;;
    esac >"$work/out" 2>&1
}
# What the proof of a planted bug said is about that bug: it has not failed for another reason.
is_it() { # proof
    [ "$1" != order ] || grep -q 'tells before the disk has it' "$work/out"
}
is_wanted() { # number proof
    [ "${#wanted[@]}" -eq 0 ] || [[ " ${wanted[*]} " == *" $1 "* || " ${wanted[*]} " == *" $2 "* ]]
}
now_ms() { date +%s%3N; }

wanted=("$@")
patches=()
proofs=()
for patch in "$here"/[0-9]*.patch; do
    number=$(basename "$patch" .patch)
    number=${number%%-*}
    proof=$(proof_of "$number")
    if is_wanted "$number" "$proof"; then
        patches+=("$patch")
        [[ " ${proofs[*]-} " == *" $proof "* ]] || proofs+=("$proof")
    fi
done

cp -r "$tree"/{core,sync,net,cli,tests,docs,CMakeLists.txt,.cmake} "$work"
if ! cmake -G Ninja -S "$work" -B "$work/build" -DCMAKE_C_FLAGS='-O1 -w' >"$work/build.log" 2>&1 ||
    ! build "${proofs[@]}"; then
    cat "$work/build.log"
    exit 1
fi
for proof in "${proofs[@]}"; do
    if ! prove "$proof" 2; then
        cat "$work/out"
        echo "$proof: the tree as it is does not pass: nothing can be said of planted bugs"
        exit 1
    fi
done

found=0
slowest=0
for patch in "${patches[@]}"; do
    name=$(basename "$patch" .patch)
    proof=$(proof_of "${name%%-*}")
    touched=$(sed -n 's/^+++ b\///p' "$patch")
    began=$(now_ms)
    if ! patch -d "$work" -p1 -s --no-backup-if-mismatch <"$patch"; then
        echo "$name: does not fit the tree any more"
    elif ! build "$proof"; then
        echo "$name: does not build"
    else
        began=$(now_ms)
        if prove "$proof" "$seconds"; then
            echo "$name: NOT FOUND by $proof in $seconds s"
        elif ! is_it "$proof"; then
            echo "$name: NOT FOUND for what it is: $(tail -n1 "$work/out")"
        else
            took=$((($(now_ms) - began + 99) / 100))
            slowest=$((took > slowest ? took : slowest))
            found=$((found + 1))
            why=$(grep -ao -m1 '[a-z-]*\.story: .*\|seed [0-9]*: .*\|found after.*\|FAILED  *[a-z_].*\|FAILED: .*' "$work/out" | head -n1)
            echo "$name: $proof, $((took / 10)).$((took % 10)) s: ${why:-$(tail -n1 "$work/out")}"
        fi
    fi
    for file in $touched; do # as they were
        cp "$tree/$file" "$work/$file"
    done
done
echo "figures: found $found of ${#patches[@]}, slowest $((slowest / 10)).$((slowest % 10)) s"
[ "$found" -eq "${#patches[@]}" ]
