# labels: cli net
# People come in: by invite, through any member, confirmed later, or not; nodes that serve and meet.
. "$(dirname "$0")/lib.sh"

# ---- A founds, B joins through A
expect 0 a init Balai --as Siti
expect 0 a put trees name=mahoni
expect 0 a invite
err_has 'no address'
serve a
a=$pid
a_at=$address
expect 0 a invite --uses 2 --json
invite=$(value invite <"$work/out")
equal "length of an invite" "${#invite}" 148
equal "the node's address is in it" "$(value address <"$work/out")" "$a_at"
expect 0 b join "$invite" --as Made
out_has 'You are in: Balai'
expect 0 b find trees --count
equal "B has A's record" "$(cat "$work/out")" 1
expect 0 b members
out_has $'Siti\tsteward\teffective'
out_has $'Made\twriter\teffective'
expect 77 b invite
err_has 'steward'

# ---- C joins through B while A is stopped; from standard input, in small letters, broken in two
stop "$a"
serve b
b=$pid
b_at=$address
lum a status # A is closed for good: its socket is gone
equal "no socket is left" "$(ls "$work/a" | grep -c -e sock -e '^lock$')" 0
tr 'A-Z' 'a-z' <<<"$invite" | sed 's/.\{70\}/& /' >"$work/letter"
expect 0 c join - "$b_at" --as Wayan <"$work/letter"
out_has 'You are in: Balai'
expect 0 c put trees name=bakau
expect 0 c sync "$b_at"
out_has 'Equal with Made'
expect 0 b find trees --count
equal "B has C's record" "$(cat "$work/out")" 2

# ---- the invite was for two: with a third nobody of them is let in until a steward says so
expect 77 d join "$invite" "$b_at" --as Nyoman
err_has 'no longer lets anyone in'
expect 0 b status
out_has 'You wait for a steward'
expect 0 b put trees name=kelapa
stop "$b"

# ---- A comes back: it meets B by itself, and everybody is equal
serve a "$a_at"
a=$pid
serve b "$b_at"
b=$pid
waiting_at_a() { lum a members && [ "$(grep -c waiting "$work/out")" = "$1" ]; }
checks=$((checks + 1))
until_true 20 waiting_at_a 3 || wrong "A does not hear who came in meanwhile"
expect 0 a find trees --count
equal "what the waiting wrote does not count yet" "$(cat "$work/out")" 1
expect 0 a members --json
for member in $(sed -n 's/.*"member":"\([0-9a-f]*\)".*"state":"waiting".*/\1/p' "$work/out" | head -n 2); do
    expect 0 a admit "${member:0:8}"
done
waiting_at_a 1 || wrong "two were admitted, one should wait"
equal_states() { [ "$(status a state)" = "$(status b state)" ] && [ "$(status a records)" = "$1" ]; }
checks=$((checks + 1))
expect 0 a peers
out_has 'Equal with Made'
expect 0 b peers --json
equal "peers of B" "$(tail -n 1 "$work/out")" '{"peers":3}'

# ---- a record made at A is at B within a second, and the other way round
expect 0 a put trees name=jati
b_has() { lum b find trees --count && [ "$(cat "$work/out")" = "$1" ]; }
checks=$((checks + 1))
until_true 1 b_has 3 || wrong "a record made at A is not at B within a second"

# ---- cancel: the next one is not let in
expect 0 a invite --json
late=$(value invite <"$work/out")
expect 0 a cancel "$late"
out_has 'withdrawn'
expect 0 a cancel "$late"
out_has 'before'
expect 0 a invites
out_has 'closed'
got=0
lum e join "$late" --as Ketut || got=$?
checks=$((checks + 1))
[ "$got" -eq 69 ] || [ "$got" -eq 77 ] || wrong "exit $got for a cancelled invite"
expect 65 a cancel 'LUMBUNG:AAAA'

# ---- roles
expect 0 a admit Made --role steward
out_has 'steward'
expect 0 a admit Made --role steward
out_has 'already'
made_is_steward() { lum b --json invite --role reader; }
checks=$((checks + 1))
until_true 5 made_is_steward || wrong "B is told that it is steward, but may not invite"
stop "$a"
stop "$b"
for one in a b c; do
    expect 0 "$one" verify
done

# ---- up: the first run makes a space and shows an invite, the second one does not
"$LUMBUNG" -S "$work/u" up --no-input --listen 127.0.0.1:0 >"$work/up" 2>"$work/up.err" &
pid=$!
pids+=("$pid")
checks=$((checks + 1))
until_true 10 grep -q '^LUMBUNG:' "$work/up" || wrong "up shows no invite"
expect 0 v join "$(grep '^LUMBUNG:' "$work/up")" --as Putu
expect 0 u members
out_has 'Putu'
stop "$pid"
"$LUMBUNG" -S "$work/u" up --no-input --listen 127.0.0.1:0 >"$work/up" 2>"$work/up.err" &
pid=$!
pids+=("$pid")
checks=$((checks + 1))
until_true 10 grep -q '^Listening' "$work/up" || wrong "up does not listen the second time"
expect 0 u status
stop "$pid"
equal "no second invite" "$(grep -c '^LUMBUNG:' "$work/up")" 0
finish
