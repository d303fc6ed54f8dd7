#!/bin/bash
# Which branches of each reader of foreign bytes its corpus reaches, by clang's source coverage.
#
#   tests/fuzz/coverage.sh [BUILD]           a table; BUILD: a folder that is kept for the next time
#   LUM_FUZZ_LEFT=1 tests/fuzz/coverage.sh   and each branch that is not reached: file:line
#
# A branch is one way out of a condition. Assertions are left out: only a bug of ours takes them.
set -eu
tree=$(cd "$(dirname "$0")/../.." && pwd)
build=${1:-$(mktemp -d)}
[ $# -gt 0 ] || trap 'rm -rf "$build"' EXIT

readers() { # target, and the files that read what it is given
    cat <<'END'
address       net/address.c
answer        cli/answer.c cli/map.c
ask           net/request.c
channel       net/channel.c net/noise.c
control       core/control.c
csv           cli/csv.c cli/lines.c
frame         net/frame.c
header        core/event.c
home          core/home.c
intake        cli/intake.c cli/seen.c
invite        core/invite.c
json          cli/json.c cli/json_write.c
message       sync/message.c
pack          core/pack.c
payload       core/payload.c
peers         net/peers.c
record        core/record_row.c
request       net/ask_ref.c net/ask_edit.c net/ask_resolve.c
run           core/run.c core/seal.c core/range.c
session_pair  sync/branch.c sync/front.c sync/greet.c sync/hear.c sync/machine.c
squeeze       core/squeeze.c
store_file    core/store_file.c
value         core/value.c core/text.c core/utf8.c cli/number.c
where         core/where.c
END
}

# Functions of those files that read nothing of a stranger's: they open, write, tell, settle.
besides='^(lum_store_file_(sync_folder|make|finish|cause)|disk_is_full|set_up|lum_squeezer_open'
besides+='|lum_squeezer_close|lum_squeeze|lum_ask_run|lum_ask_close|bare_cause|shown_text'
besides+='|hex_of|name_of|member_name|lum_ref_space_name|append|tell_position'
besides+='|lum_ref_fail_record|lum_ref_tell_.*|lum_ref_role_name|lum_ref_name|shown_change'
besides+='|is_of_member|is_taken_back|choose.*|by_field|pick_values|settle_.*|lum_home_write'
besides+='|join|identity_of|place_here|lum_branch_put_ladder|lum_branch_show|digest|place_in'
besides+='|put_.*|begin|lum_front_say|lum_front_correct|ahead|say_.*|show_shelves|tell_met'
besides+='|prove|host|lum_front_is_bringing|hold_if_bulk)$'

# Lines of a file that belong to an assertion.
asserted() {
    awk '/LUM_ASSERT\(|LUM_UNREACHABLE\(/ { open = 1 }
         open { print FNR }
         /;/ { open = 0 }' "$1"
}

# Of one file: branches, reached; those that are not to standard error when wanted.
count() { # lcov file
    awk -F'[:,]' -v name="$2" -v skipped="$(asserted "$tree/$2")" -v wants="${LUM_FUZZ_LEFT:-}" \
        -v besides="$besides" '
        function reads(line, i, first) { # whether the function around it is one that reads
            for (i in starts) if (i + 0 <= line + 0 && i + 0 > first + 0) first = i
            return starts[first] !~ besides
        }
        BEGIN { for (n = split(skipped, lines, "\n"); n > 0; n--) skip[lines[n]] = 1 }
        $1 == "SF" { split("", starts); here = substr($0, length($0) - length(name) + 1) == name }
        here && $1 == "FN" { starts[$2] = $NF }
        here && $1 == "BRDA" && !($2 in skip) && reads($2) {
            all++
            if ($5 != "-" && $5 > 0) { reached++; next }
            if (wants) { print "  " name ":" $2 > "/dev/stderr" }
        }
        END { print all + 0, reached + 0 }' "$1"
}

# shellcheck disable=SC2046
{
    cmake -S "$tree" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=None -DCMAKE_C_COMPILER=clang \
        -DCMAKE_C_FLAGS="-O1 -fprofile-instr-generate -fcoverage-mapping"
    cmake --build "$build" --target $(readers | sed 's/^\([a-z_]*\).*/fuzz_\1/')
} >"$build.log" 2>&1 || { cat "$build.log"; exit 1; }
rm "$build.log"

printf '%-13s %7s %8s %8s %8s  %s\n' reader inputs branches reached share files
missed=0
while read -r name files; do
    program=$build/tests/fuzz/fuzz_$name
    corpus=$tree/tests/fuzz/corpus/$name
    LLVM_PROFILE_FILE=$build/$name.raw "$program" "$corpus" >/dev/null 2>&1
    llvm-profdata merge -o "$build/$name.prof" "$build/$name.raw"
    # shellcheck disable=SC2046,SC2059,SC2086
    llvm-cov export -format=lcov -instr-profile="$build/$name.prof" "$program" \
        $(printf "$tree/%s " $files) >"$build/$name.lcov" 2>/dev/null
    total=0
    reached=0
    for file in $files; do
        read -r a r < <(count "$build/$name.lcov" "$file")
        total=$((total + a))
        reached=$((reached + r))
    done
    share=$((total == 0 ? 0 : 1000 * reached / total))
    [ $share -ge 900 ] || missed=1
    inputs=$(find "$corpus" -type f | wc -l)
    printf '%-13s %7d %8d %8d %5d.%d %%  %s\n' "$name" "$inputs" $total $reached \
        $((share / 10)) $((share % 10)) "$files"
done < <(readers)
exit $missed
