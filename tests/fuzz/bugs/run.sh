#!/bin/bash
# Plants one bug after another in a copy of the tree and runs the fuzz target of that reader, from
# its corpus on: each must be found within a minute, and the tree as it is must pass.
#
#   tests/fuzz/bugs/run.sh                  all of them
#   tests/fuzz/bugs/run.sh pack squeeze     those of these readers
#
# read: bytes are read that are not there. form: something is taken that is spelled in another way
# than it would be written, or must be refused. (Of a condition and of LMDB's file there are many
# good spellings.) A line that changes nothing any more is to be made anew.
set -eu
tree=$(cd "$(dirname "$0")/../../.." && pwd)
seconds=60
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

bugs() { # reader, what, file, what sed does there
    cat <<'END'
address read net/address.c s/for (size_t i = 0; i < len; i++)/for (size_t i = 0; i <= len; i++)/
address form net/address.c s/at\[i\] < '0' || at\[i\] > '9'/at[i] > '9'/
answer read cli/answer.c s/text.len < room - 1 ? text.len : room - 1/text.len > 0 ? room - 1 : 0/
answer form cli/answer.c s/lum_pack_check(frame->body) != LUM_FAULT_NONE/frame->body.len == 0/
ask read net/request.c s/args, (size_t)(cur.end - args)/args, (size_t)(cur.end - args) + 1/
ask form net/request.c 0,/lum_cur_any(&cur, LUM_DEPTH_MAX);/s//(void)lum_cur_map(\&cur, 4096);/
channel read net/channel.c s/stream.len - LENGTH_BYTES < body.len/stream.len == LENGTH_BYTES/
channel form net/noise.c /!lum_x25519(/s/)) {/) \&\& e == NULL) {/
control read core/control.c s/name.at, name.len);/name.at, LUM_SHELF_NAME_MAX);/
control form core/control.c s/lum_cur_array_exact(cur, 3);/(void)lum_cur_array(cur, 4);/
csv read cli/csv.c s/k < LUM_COUNT(delimiters) &&/k <= LUM_COUNT(delimiters) \&\&/
csv form cli/number.c s/return digits.len == 1 && !is_negative;/return !is_negative;/
frame read net/frame.c s/if (i == bytes.len)/if (i == bytes.len + 1)/
frame form net/frame.c s/if (byte == 0 && i > 0)/if (byte == 0 \&\& i > 1)/
header read core/event.c s/i > 0 && memcmp(out->deps\[i - 1\]/memcmp(out->deps[i - 1]/
header form core/event.c s/n != FIELDS && n != FIELDS + 1/n < FIELDS/
home read core/home.c s/lum_cur_array_exact(&cur, FIELDS);/if (note.len > 0) cur.end += note.len; &/
home form core/home.c s/return lum_cur_end(&cur) ==/return cur.fault ==/
intake read cli/intake.c s/field.len < LUM_FIELD_MAX ? field.len : LUM_FIELD_MAX/LUM_FIELD_MAX/
intake form cli/intake.c s/value.fault != LUM_FAULT_NONE/value.fault == LUM_FAULT_OVER_LIMIT/
invite read core/invite.c s/bytes.len == LUM_INVITE_BYTES &&/bytes.len > 0 \&\&/
invite form core/invite.c s/if ((bits & 0xf) != 0)/if ((bits \& 0x7) != 0)/
json read cli/json.c s/return i < text.len ? i + 1 : text.len;/return i + 1;/
json form cli/json.c s/if (i > 0 && lum_bytes_equal(members/if (i > 1 \&\& lum_bytes_equal(members/
message read sync/message.c s/first.len == sizeof(intro->name.author)/(first.len = 32) > 0/
message form sync/message.c s/|| front->digested >= bit//
pack read core/pack.c s/if (n > lum_cur_left(cur))/if (n > lum_cur_left(cur) + 1)/
pack form core/pack.c s/if (len < form->least)/if (len + 1 < form->least)/
payload read core/payload.c s/if (i >= header->dep_count)/if (i > header->dep_count)/
payload form core/payload.c s/lum_cur_key(\(.*\), &last)/lum_cur_str(\1)/
peers read net/peers.c s/memcpy(out, text.at, text.len);/memcpy(out, text.at, room);/
peers form net/peers.c s/if (memchr(text.at, '.0', text.len) != NULL)/if (text.len > room)/
record read core/record_row.c s/if (len > \(.*\)) {/if (len > \1 + 1) {/
record form core/record_row.c s/is_broken(&walk) || walk.at != walk.end/is_broken(\&walk)/
request read net/ask_ref.c /^static bool parse_seq/,/^}/s/i < text.len/i <= text.len/
request form net/ask_edit.c s/status = each_made(ask, &target, true, &count, err);/status = LUM_OK;/
run read core/run.c s/walk->seals_used == walk->seals.count/walk->seals_used > walk->seals.count/
run form core/run.c s/walk->seals_used != walk->seals.count/walk->seals_used > walk->seals.count/
session_pair read sync/hear.c s/if (have.number >= session->mine_count)/if (false)/
session_pair form core/seal.c s/return lum_sign/return claim->range == NULL || lum_sign/
squeeze read core/squeeze.c s/if (size > packed.len - at)/if (false)/
squeeze form core/squeeze.c s/return at == packed.len;/return true;/
store_file read core/store_file.c s/node < lower || node > size - NODE_HEAD/node < lower/
value read core/utf8.c s/left < len || //
value form cli/number.c s/return len == text.len && memcmp(.*;/return len <= text.len;/
where read core/where.c s/ && r->text\[r->at + 1\] != '.0'//
END
}

cp -r "$tree/.cmake" "$tree/CMakeLists.txt" "$tree/CMakePresets.json" "$work"
for room in core sync net cli tests; do
    cp -r "$tree/$room" "$work"
done
cd "$work"
targets=${*:-$(bugs | sed 's/ .*//' | sort -u | tr '\n' ' ')}
# shellcheck disable=SC2046,SC2086
{ cmake --preset fuzz && cmake --build build/fuzz --target $(printf 'fuzz_%s ' $targets); } \
    >build.log 2>&1 || { cat build.log; exit 1; }

# Runs a target from its corpus on for at most so many seconds; true when it found something.
finds() {
    rm -rf grown
    mkdir grown
    ! timeout $((2 * $2 + 30)) "build/fuzz/tests/fuzz/fuzz_$1" -max_total_time="$2" -timeout=20 \
        -artifact_prefix=grown/ grown "tests/fuzz/corpus/$1" >out 2>&1
}
how() { # what told of it
    grep -m1 -E -o 'broken invariant: .*|AddressSanitizer: [A-Za-z-]*|runtime error: .*|timeout' \
        out | sed 's| (tests/.*||' | cut -c1-60
}

for target in $targets; do
    if finds "$target" 1; then
        cat out
        echo "the tree as it is does not pass: nothing can be said of planted bugs"
        exit 1
    fi
done

missed=0
while read -r target what file change; do
    [[ " $targets " == *" $target "* ]] || continue
    sed -i "$change" "$file"
    if cmp -s "$tree/$file" "$file"; then
        echo "$target $what: changes nothing any more"
        missed=1
    elif ! cmake --build build/fuzz --target "fuzz_$target" >build.log 2>&1; then
        cat build.log
        missed=1
    else
        begin=$EPOCHREALTIME
        if finds "$target" $seconds; then
            after=$(((${EPOCHREALTIME/./} - ${begin/./}) / 100000))
            printf '%-13s %s  %3d.%d s  %s\n' "$target" "$what" $((after / 10)) $((after % 10)) \
                "$(how)"
        else
            printf '%-13s %s  NOT FOUND\n' "$target" "$what"
            missed=1
        fi
    fi
    cp "$tree/$file" "$file"
done < <(bugs)
exit $missed
