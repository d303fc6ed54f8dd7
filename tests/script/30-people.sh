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
for one in b c; do # one serves, the other does not: neither waits for ever
    expect 77 "$one" sync "$a_at"
    err_has 'only the list of members was exchanged'
done
# id FOLDER: who writes there; A knows no names of those who wait.
id() { lum "$1" --json status && sed 's/.*"logs":[0-9]*,"member":"\([0-9a-f]*\)".*/\1/' "$work/out"; }
made=$(id b)
wayan=$(id c)
expect 0 a admit "${made:0:8}"
expect 0 a admit "$wayan"
checks=$((checks + 1))
waiting_at_a 1 || wrong "two were admitted, one should wait"
equal_states() { [ "$(status a state)" = "$(status b state)" ] && [ "$(status a records)" = "$1" ]; }
checks=$((checks + 1))
until_true 20 equal_states 3 || wrong "A and B do not merge alike what those wrote who are in now"
expect 0 a peers
out_has 'Equal with Made'
expect 0 b peers --json
equal "peers of B" "$(tail -n 1 "$work/out")" '{"peers":3}'

# ---- a record made at A comes to B by itself, and the other way round (how soon: 30-halls.sh)
has() { lum "$1" find trees --count && [ "$(cat "$work/out")" = "$2" ]; }
checks=$((checks + 2))
expect 0 a put trees name=jati
until_true 20 has b 4 || wrong "a record made at A does not come to B"
expect 0 b put trees name=sengon
until_true 20 has a 5 || wrong "a record made at B does not come to A"

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
until_true 20 made_is_steward || wrong "B is told that it is steward, but may not invite"
stop "$a"
stop "$b"
for one in a b c; do
    expect 0 "$one" verify
done

# ---- a folder whose path has no room in a socket address serves like any other
long=$(printf 'd%.0s' {1..80})/$(printf 'e%.0s' {1..80})
expect 0 "$long" init Balai --as Siti
"$LUMBUNG" -S "$work/$long" serve --listen 127.0.0.1:0 >"$work/deep" 2>"$work/deep.err" &
pid=$!
pids+=("$pid")
checks=$((checks + 1))
until_true 20 grep -qs '^Listening' "$work/deep" || wrong "it does not listen"
expect 0 "$long" put trees name=mahoni
equal "its socket" "$(find "$work/${long%%/*}" -type s)" "$work/$long/control.sock"
stop "$pid"
equal "no socket is left" "$(find "$work/${long%%/*}" -type s | wc -l)" 0

# ---- up: the first run makes a space and shows an invite, the second one does not
rm -f "$work/up" # what an earlier one said would be taken for an answer
"$LUMBUNG" -S "$work/u" up --no-input --listen 127.0.0.1:0 >"$work/up" 2>"$work/up.err" &
pid=$!
pids+=("$pid")
checks=$((checks + 1))
until_true 30 grep -qs '^LUMBUNG:' "$work/up" || wrong "up shows no invite"
expect 0 v join "$(grep '^LUMBUNG:' "$work/up")" --as Putu
expect 0 u members
out_has 'Putu'
stop "$pid"
rm -f "$work/up" # what an earlier one said would be taken for an answer
"$LUMBUNG" -S "$work/u" up --no-input --listen 127.0.0.1:0 >"$work/up" 2>"$work/up.err" &
pid=$!
pids+=("$pid")
checks=$((checks + 1))
until_true 30 grep -qs '^Listening' "$work/up" || wrong "up does not listen the second time"
expect 0 u status
stop "$pid"
equal "no second invite" "$(grep -c '^LUMBUNG:' "$work/up")" 0
finish
